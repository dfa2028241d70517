#include "aws/client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "aws/sigv4.h"
#include "aws/time_text.h"
#include "base/limits.h"
#include "crypto/random.h"

namespace nes::aws {
namespace {

// The name in the credential scope, which is the host's as well.
std::string_view service_name(Service service) noexcept {
  switch (service) {
    case Service::kKms: return "kms";
    case Service::kSecretsManager: return "secretsmanager";
    case Service::kS3: break;
  }
  return "s3";
}

std::string_view domain_of(std::string_view region) noexcept {
  return region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
}

// Whether another attempt may end otherwise: the connection failed on the way.
bool is_transient(ErrorCode code) noexcept {
  return code == ErrorCode::kIo || code == ErrorCode::kTimeout || code == ErrorCode::kTruncated;
}

bool is_success(int status) noexcept { return (status >= 200 && status <= 299) || status == 304; }

// RFC 9110 section 10.2.3, in seconds; 0 if there is none, or a date.
std::int64_t retry_after_ms(const HttpAnswer& answer) noexcept {
  const std::string_view text = answer.header("retry-after");
  std::uint16_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() ? std::int64_t{seconds} * 1000 : 0;
}

}  // namespace

Pacing system_pacing() {
  return {.random_below =
              [](std::uint64_t bound) {
                std::uint64_t value = 0;
                crypto::fill_random({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
                return bound == 0 ? 0 : value % bound;  // the bias does not matter to a pause
              },
          .sleep_ms = [](std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }};
}

struct Client::Progress {
  std::int64_t backoff_ms = limits::kAwsBackoffMinMs;
  std::int64_t wait_ms = 0;
  bool learnt_clock = false;
  bool renewed_credentials = false;
  Error last{ErrorCode::kInternal, "no attempt was made"};
};

Address Client::address_of(const Call& call) const {
  if (options_.endpoint) return *options_.endpoint;
  std::string host = call.host_prefix;
  host += service_name(call.service);
  host += "." + options_.region;
  host += domain_of(options_.region);
  return {.tls = true, .host = std::move(host), .port = 443};
}

Result<HttpAnswer> Client::attempt(const Call& call, std::int64_t timeout_ms) {
  NES_TRY_ASSIGN(const std::shared_ptr<const Credentials> credentials, credentials_.get());
  const Address address = address_of(call);
  const SigningScope scope{
      .region = options_.region,
      .service = service_name(call.service),
      .style = call.service == Service::kS3 ? SigningStyle::kS3 : SigningStyle::kCommon,
      .unix_ms = transport_.clock.unix_ms() + clock_offset_ms_,
  };
  Headers to_sign(call.headers);
  to_sign.emplace_back("host", address.authority());
  NES_TRY_ASSIGN(Headers added,
                 sign({method_name(call.method), call.path, call.query, to_sign, as_bytes(call.body)},
                      *credentials, scope));
  HttpRequest request{call.method, call.path, call.headers, call.body};
  if (!call.query.empty()) request.target += "?" + canonical_query(call.query);
  request.headers.insert(request.headers.end(), added.begin(), added.end());
  return exchange(transport_, address, request, call.max_answer_bytes, timeout_ms);
}

bool Client::learn_clock(const HttpAnswer& answer, RemoteCode code, Progress& progress) {
  if (progress.learnt_clock || (code != RemoteCode::kClockSkew && code != RemoteCode::kSignature))
    return false;
  const std::optional<std::int64_t> theirs_ms = parse_http_date_ms(answer.header("date"));
  if (!theirs_ms) return false;
  const std::int64_t offset_ms = *theirs_ms - transport_.clock.unix_ms();
  if (std::abs(offset_ms - clock_offset_ms_) < limits::kAwsClockSkewMs) return false;
  clock_offset_ms_ = offset_ms;
  progress.learnt_clock = true;
  return true;
}

std::optional<Result<HttpAnswer>> Client::judge(Result<HttpAnswer> answer, Progress& progress) {
  // Half of the pause is fixed, half is random: clients that failed together do not come back together.
  const auto half = static_cast<std::uint64_t>(progress.backoff_ms / 2);
  progress.wait_ms = progress.backoff_ms / 2 + static_cast<std::int64_t>(pacing_.random_below(half));
  progress.backoff_ms = std::min(progress.backoff_ms * 2, limits::kAwsBackoffMaxMs);
  if (!answer.ok()) {
    progress.last = answer.error();
    if (is_transient(answer.error().code)) return std::nullopt;
    return answer;
  }
  if (is_success(answer->status)) return answer;
  const RemoteCode code = remote_code(*answer);
  progress.last = remote_error(code, answer->status);
  if (code == RemoteCode::kThrottled || code == RemoteCode::kUnavailable) {
    progress.wait_ms = std::max(progress.wait_ms, retry_after_ms(*answer));
    return std::nullopt;
  }
  if (learn_clock(*answer, code, progress)) {
    progress.wait_ms = 0;
    return std::nullopt;
  }
  if (code == RemoteCode::kExpiredCredentials && !progress.renewed_credentials) {
    credentials_.invalidate();
    progress.renewed_credentials = true;
    progress.wait_ms = 0;
    return std::nullopt;
  }
  return Result<HttpAnswer>(progress.last);
}

Result<HttpAnswer> Client::call(const Call& call) {
  const Clock& clock = transport_.clock;
  const std::int64_t until_ms = clock.monotonic_ms() + limits::kAwsCallTimeoutMs;
  Progress progress;
  for (int made = 1;; ++made) {
    const std::int64_t left_ms = until_ms - clock.monotonic_ms();
    auto settled = judge(attempt(call, std::min(left_ms, limits::kAwsAttemptTimeoutMs)), progress);
    if (settled) return std::move(*settled);
    if (made == limits::kAwsAttempts || clock.monotonic_ms() + progress.wait_ms >= until_ms)
      return progress.last;
    if (progress.wait_ms > 0) pacing_.sleep_ms(progress.wait_ms);
  }
}

Result<JsonFields> Client::call_json(Service service, std::string_view target, std::string body) {
  const std::int64_t begin_us = transport_.clock.monotonic_us();
  const auto answered = call(
      {.service = service,
       .host_prefix = {},
       .query = {},
       .headers = {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", std::string(target)}},
       .body = std::move(body),
       .max_answer_bytes = limits::kAwsAnswerBytes});
  if (service == Service::kKms && options_.on_kms_call)
    options_.on_kms_call(transport_.clock.monotonic_us() - begin_us);
  if (!answered.ok()) return answered.error();
  return JsonFields::parse(as_text(answered->body.reveal()));
}

}  // namespace nes::aws

#include "aws/credentials.h"

#include <algorithm>

#include "aws/json_fields.h"
#include "aws/time_text.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

constexpr std::size_t kRoleBytes = 64;  // IAM's bound on the name of a role

bool is_header_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

bool is_role(std::string_view name) {
  constexpr std::string_view kOther = "+=,.@_-";
  return !name.empty() && name.size() <= kRoleBytes && std::all_of(name.begin(), name.end(), [=](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
}

Result<HttpAnswer> ask(const Transport& transport, const Address& address, const HttpRequest& request,
                       const Clock& clock, std::int64_t until_ms) {
  const std::int64_t left = std::max<std::int64_t>(until_ms - clock.monotonic_ms(), 0);
  NES_TRY_ASSIGN(HttpAnswer answer, exchange(transport, address, request, limits::kAwsAnswerBytes, left));
  if (answer.status != 200)
    return Error{ErrorCode::kIo, "the source of credentials refuses",
                 static_cast<std::uint64_t>(answer.status)};
  return answer;
}

}  // namespace

Result<Credentials> parse_credentials(std::string_view json) {
  NES_TRY_ASSIGN(const JsonFields fields, JsonFields::parse(json));
  NES_TRY_ASSIGN(const auto code, fields.optional_string("Code"));
  if (code && *code != "Success")
    return Error{ErrorCode::kNotReady, "the metadata service has no credentials"};
  NES_TRY_ASSIGN(const std::string_view id, fields.string("AccessKeyId"));
  NES_TRY_ASSIGN(const std::string_view key, fields.string("SecretAccessKey"));
  NES_TRY_ASSIGN(const std::string_view token, fields.string("Token"));
  NES_TRY_ASSIGN(const std::string_view expiration, fields.string("Expiration"));
  const std::optional<std::int64_t> expires = parse_rfc3339_ms(expiration);
  if (!is_header_value(id) || !is_header_value(token) || key.empty() || !expires)
    return Error{ErrorCode::kMalformed, "credentials of another form"};
  return Credentials{std::string(id), secret::SecretBytes::copy_of(as_bytes(key)), std::string(token),
                     *expires};
}

Result<Credentials> EgressCredentials::fetch() {
  const Address address{.tls = false, .host = "credentials", .port = 80};
  const std::int64_t until_ms = transport_.clock.monotonic_ms() + limits::kAwsCredentialsTimeoutMs;
  NES_TRY_ASSIGN(
      const HttpAnswer answer,
      ask(transport_, address, {http::Method::kGet, "/v1/credentials", {}, {}}, transport_.clock, until_ms));
  return parse_credentials(as_text(answer.body.reveal()));
}

Result<Credentials> ImdsCredentials::fetch() {
  const std::string roles_path = "/latest/meta-data/iam/security-credentials/";
  const std::int64_t until_ms = transport_.clock.monotonic_ms() + limits::kAwsCredentialsTimeoutMs;
  const auto get = [&](const HttpRequest& request) {
    return ask(transport_, address_, request, transport_.clock, until_ms);
  };
  NES_TRY_ASSIGN(const HttpAnswer token, get({http::Method::kPut,
                                              "/latest/api/token",
                                              {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                                              {}}));
  const std::string token_text(as_text(token.body.reveal()));
  if (!is_header_value(token_text)) return Error{ErrorCode::kMalformed, "a session token of another form"};
  const Headers headers{{"X-aws-ec2-metadata-token", token_text}};
  NES_TRY_ASSIGN(const HttpAnswer roles, get({http::Method::kGet, roles_path, headers, {}}));
  const std::string_view listed = as_text(roles.body.reveal());
  const std::string role(listed.substr(0, listed.find('\n')));
  if (!is_role(role)) return Error{ErrorCode::kMalformed, "the instance has no role"};
  NES_TRY_ASSIGN(const HttpAnswer answer, get({http::Method::kGet, roles_path + role, headers, {}}));
  return parse_credentials(as_text(answer.body.reveal()));
}

Result<std::shared_ptr<const Credentials>> CredentialsProvider::get() {
  const std::int64_t now_ms = clock_.unix_ms();
  const bool usable = cached_ != nullptr && now_ms < cached_->expires_unix_ms;
  if (usable && now_ms < refresh_at_unix_ms_) return cached_;
  Result<Credentials> fetched = source_.fetch();
  if (fetched.ok() && fetched->expires_unix_ms > clock_.unix_ms()) {
    cached_ = std::make_shared<const Credentials>(std::move(*fetched));
    const auto jitter =
        static_cast<std::int64_t>(random_below_(static_cast<std::uint64_t>(limits::kAwsCredentialsJitterMs)));
    // Of credentials that live no longer than that, a new set is asked for once in a while all the same.
    refresh_at_unix_ms_ = std::max(cached_->expires_unix_ms - limits::kAwsCredentialsEarlyMs - jitter,
                                   now_ms + limits::kAwsCredentialsRetryMs);
    return cached_;
  }
  if (usable) {
    refresh_at_unix_ms_ = now_ms + limits::kAwsCredentialsRetryMs;
    return cached_;
  }
  if (!fetched.ok()) return fetched.error();
  return Error{ErrorCode::kNotReady, "the source has only expired credentials"};
}

}  // namespace nes::aws

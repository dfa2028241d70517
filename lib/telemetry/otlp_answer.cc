#include "telemetry/otlp_answer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "aws/json_fields.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "telemetry/protobuf_reader.h"

namespace nes::telemetry {
namespace {

using State = Delivery::State;

constexpr std::size_t kGrpcPrefixBytes = 5;  // of a message: whether it is compressed, its length

// Nothing but digits, in range.
std::int64_t number_or(std::string_view text, std::int64_t otherwise) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? value : otherwise;
}

bool is_transient(int status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

Delivery not_taken(State state, base::StaticText reason, std::int64_t status, std::int64_t wait_ms = 0) {
  return {.state = state,
          .wait_ms = wait_ms,
          .error = {ErrorCode::kIo, reason, static_cast<std::uint64_t>(status)}};
}

// Export…ServiceResponse.partial_success.rejected_…
std::uint64_t rejected_of_protobuf(std::string_view message) noexcept {
  return protobuf_field(protobuf_field(message, 1).bytes, 1).value;
}

std::uint64_t rejected_of_json(std::string_view text) {
  const auto answer = aws::JsonFields::parse(text);
  if (!answer.ok()) return 0;
  const aws::JsonFields* partial = answer->optional_object("partialSuccess");
  if (partial == nullptr) return 0;
  for (const std::string_view name : {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"}) {
    std::string_view value = partial->scalar(name);
    if (const auto quoted = partial->optional_string(name); quoted.ok() && *quoted) value = **quoted;
    if (const std::int64_t number = number_or(value, 0); number != 0)
      return static_cast<std::uint64_t>(number);
  }
  return 0;
}

// google.rpc.RetryInfo's retry_delay in google.rpc.Status; -1 if there is none.
std::int64_t retry_delay_ms(std::string_view details) {
  std::string padded(details);
  while (padded.size() % 4 != 0) padded += '=';  // the padding may be missing
  const auto bytes = base::base64_decode(padded);
  if (!bytes) return -1;
  ProtobufReader status(as_text(*bytes));
  while (const auto detail = status.next()) {
    if (detail->number != 3 || !protobuf_field(detail->bytes, 1).bytes.ends_with("/google.rpc.RetryInfo"))
      continue;
    const std::string_view delay = protobuf_field(protobuf_field(detail->bytes, 2).bytes, 1).bytes;
    constexpr std::uint64_t kMaxSeconds = 86'400;
    const std::uint64_t seconds = std::min(protobuf_field(delay, 1).value, kMaxSeconds);
    const std::uint64_t nanoseconds = std::min<std::uint64_t>(protobuf_field(delay, 2).value, 999'999'999);
    return static_cast<std::int64_t>(seconds * 1'000 + nanoseconds / 1'000'000);
  }
  return -1;
}

}  // namespace

Delivery judge_http(int status, std::string_view retry_after, std::string_view body, bool json) {
  constexpr std::int64_t kMaxSeconds = 86'400;
  if (status >= 200 && status <= 299)
    return {.state = State::kTaken, .rejected = json ? rejected_of_json(body) : rejected_of_protobuf(body)};
  if (!is_transient(status)) return not_taken(State::kRefused, "the collector refuses the export", status);
  return not_taken(State::kAgain, "the collector is not available", status,
                   std::min(number_or(retry_after, 0), kMaxSeconds) * 1'000);
}

Delivery judge_grpc(int http_status, std::string_view grpc_status, std::string_view details,
                    std::string_view body) {
  // gRPC's "HTTP to gRPC Status Code Mapping": these are UNAVAILABLE.
  if (grpc_status.empty() && is_transient(http_status))
    return not_taken(State::kAgain, "the collector is not available", http_status);
  if (http_status != 200 || grpc_status.empty())
    return not_taken(State::kRefused, "the collector does not answer in gRPC", http_status);
  const std::int64_t status = number_or(grpc_status, -1);
  if (status == 0) {
    const bool whole = body.size() >= kGrpcPrefixBytes && body[0] == 0;
    return {.state = State::kTaken,
            .rejected = whole ? rejected_of_protobuf(body.substr(kGrpcPrefixBytes)) : 0};
  }
  const std::int64_t delay_ms = retry_delay_ms(details);
  bool again = false;
  switch (status) {
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 11:  // OUT_OF_RANGE
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      again = true;
      break;
    case 8: again = delay_ms >= 0; break;  // RESOURCE_EXHAUSTED: only where it says when
    default: break;
  }
  if (!again) return not_taken(State::kRefused, "the collector refuses the export", status);
  return not_taken(State::kAgain, "the collector is not available", status,
                   std::max<std::int64_t>(delay_ms, 0));
}

}  // namespace nes::telemetry

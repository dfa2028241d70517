// What a collector's answer means (OTLP specification 1.x, "OTLP/gRPC Response" and "OTLP/HTTP Response"):
// taken, taken in part, to be sent again, or refused for good. Its text goes nowhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace nes::telemetry {

struct Delivery {
  enum class State : std::uint8_t { kTaken, kAgain, kRefused };
  State state = State::kTaken;
  std::uint64_t rejected = 0;  // of what was taken
  std::int64_t wait_ms = 0;    // kAgain: not before that, as the collector asks
  Error error{ErrorCode::kIo, "the collector has not taken it"};  // unless kTaken
};

// `json`: the body is JSON, else protobuf. `retry_after` is empty if there is none; a date counts as none.
Delivery judge_http(int status, std::string_view retry_after, std::string_view body, bool json);

// `body` is that of HTTP/2, in gRPC's frames. `grpc_status` and `details` are the fields grpc-status and
// grpc-status-details-bin, empty if there are none.
Delivery judge_grpc(int http_status, std::string_view grpc_status, std::string_view details,
                    std::string_view body);

}  // namespace nes::telemetry

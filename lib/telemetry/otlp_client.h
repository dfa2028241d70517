// Sends one export request to a collector, over a connection of its own: gRPC over HTTP/2, or HTTP/1.1.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/exchange.h"
#include "telemetry/otlp_answer.h"

namespace nes::telemetry {

enum class OtlpWire : std::uint8_t { kGrpc, kHttpProtobuf, kHttpJson };

class OtlpClient {
 public:
  struct Options {
    OtlpWire wire = OtlpWire::kGrpc;
    aws::Address address{};
    std::string path;  // of the request; gRPC: the method
    std::vector<std::pair<std::string, std::string>> headers{};
    bool gzip = false;
  };

  // `transport` has to ask for "h2" where it speaks TLS for gRPC.
  OtlpClient(aws::Transport transport, Options options)
      : transport_(std::move(transport)), options_(std::move(options)) {}

  OtlpWire wire() const noexcept { return options_.wire; }
  // Whether the collector has taken `message` within `timeout_ms`. A connection that fails is kAgain.
  Delivery send(const std::string& message, std::int64_t timeout_ms);

 private:
  Result<Delivery> send_http(std::string body, std::int64_t timeout_ms);
  Result<Delivery> send_grpc(std::string_view message, std::int64_t timeout_ms);

  aws::Transport transport_;
  Options options_;
};

}  // namespace nes::telemetry

#include "telemetry/otlp_client.h"

#include "aws/transfer.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "http/http2_call.h"
#include "telemetry/gzip.h"

namespace nes::telemetry {
namespace {

constexpr std::string_view kUserAgent = "nitro-enc-svc";

}  // namespace

Delivery OtlpClient::send(const std::string& message, std::int64_t timeout_ms) {
  Result<std::string> body = options_.gzip ? gzip(message) : Result<std::string>(message);
  if (!body.ok()) return {.state = Delivery::State::kRefused, .error = body.error()};
  const auto delivery = options_.wire == OtlpWire::kGrpc ? send_grpc(*body, timeout_ms)
                                                         : send_http(std::move(body).value(), timeout_ms);
  if (!delivery.ok()) return {.state = Delivery::State::kAgain, .error = delivery.error()};
  return *delivery;
}

Result<Delivery> OtlpClient::send_http(std::string body, std::int64_t timeout_ms) {
  const bool json = options_.wire == OtlpWire::kHttpJson;
  aws::HttpRequest request{.method = http::Method::kPost,
                           .target = options_.path,
                           .headers = {{"Content-Type", json ? "application/json" : "application/x-protobuf"},
                                       {"User-Agent", std::string(kUserAgent)}},
                           .body = std::move(body)};
  if (options_.gzip) request.headers.emplace_back("Content-Encoding", "gzip");
  request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
  NES_TRY_ASSIGN(const aws::HttpAnswer answer,
                 aws::exchange(transport_, options_.address, request, limits::kOtlpAnswerBytes, timeout_ms));
  return judge_http(answer.status, answer.header("Retry-After"), as_text(answer.body.reveal()), json);
}

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
Result<Delivery> OtlpClient::send_grpc(std::string_view message, std::int64_t timeout_ms) {
  std::uint8_t prefix[5] = {options_.gzip ? std::uint8_t{1} : std::uint8_t{0}};
  base::store_u32be(static_cast<std::uint32_t>(message.size()), prefix + 1);
  const std::string timeout = std::to_string(timeout_ms) + "m";
  const std::string authority = options_.address.authority();
  std::vector<http::Field> fields = {{"te", "trailers"},
                                     {"content-type", "application/grpc"},
                                     {"grpc-timeout", timeout},
                                     {"user-agent", kUserAgent}};
  if (options_.gzip) fields.push_back({"grpc-encoding", "gzip"});
  for (const auto& [name, value] : options_.headers) fields.push_back({name, value});
  NES_TRY_ASSIGN(const auto call,
                 http::Http2Call::create({.scheme = options_.address.tls ? "https" : "http",
                                          .authority = authority,
                                          .path = options_.path,
                                          .fields = fields,
                                          .body = std::string(as_text(prefix)).append(message)},
                                         limits::kOtlpAnswerBytes));
  const aws::Until until(transport_.clock, timeout_ms);
  NES_TRY_ASSIGN(const auto stream, aws::open_stream(transport_, options_.address, until));
  std::string out, room(limits::kReadBufferBytes, '\0');
  for (;;) {
    call->send(out);
    NES_TRY(aws::write_all(*stream, out, until));
    out.clear();
    if (call->done()) break;
    NES_TRY_ASSIGN(const std::size_t got, aws::read_some(*stream, room, until));
    if (got == 0) return Error{ErrorCode::kTruncated, "the collector closed before it answered"};
    NES_TRY(call->receive(std::span(room).first(got)));
  }
  stream->end();
  return judge_grpc(call->status(), call->field("grpc-status"), call->field("grpc-status-details-bin"),
                    call->body());
}

}  // namespace nes::telemetry

// The client's side of HTTP/2 (RFC 9113) as gRPC needs it: one POST and its answer, trailers included, over a
// connection of their own.
//
// Does no I/O. Thread-compatible.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request_head.h"

namespace nes::http {

class Http2Call {
 public:
  struct Request {
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
    std::span<const Field> fields;  // names in lower case
    std::string body;
  };

  // The answer may have `max_body_bytes`. kInternal if nghttp2 refuses.
  static Result<std::unique_ptr<Http2Call>> create(Request request, std::size_t max_body_bytes);
  ~Http2Call();

  // Appends the frames that are due.
  void send(std::string& out);
  // Takes what has arrived, all of it. kMalformed if it is not HTTP/2, kLimit if the answer is over a limit,
  // kIo if the server has reset the stream or refuses it, with its error code as position.
  Result<void> receive(std::span<const char> data);

  // The answer is whole. What follows is valid then.
  bool done() const noexcept;
  int status() const noexcept;
  // The value of the first header or trailer of this name, in lower case; empty if there is none.
  std::string_view field(std::string_view name) const noexcept;
  const std::string& body() const noexcept;

 private:
  struct State;
  explicit Http2Call(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace nes::http

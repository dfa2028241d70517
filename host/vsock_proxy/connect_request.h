// The head of an HTTP CONNECT (RFC 9110 section 9.3.6), taken strictly: exactly authority-form with a port,
// HTTP/1.1, a Host that says the same, no body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nes::vsock_proxy {

struct ConnectRequest {
  std::string host;  // a name, an IPv4 address, or an IPv6 address in brackets
  std::uint16_t port = 0;
};

// `head` ends with its empty line. kMethodNotAllowed for another method; kMalformedRequest.
Result<ConnectRequest> parse_connect(std::string_view head);

// The size of the head that `input` begins with, its empty line included; 0 if it is incomplete.
std::size_t head_size(std::string_view input) noexcept;

}  // namespace nes::vsock_proxy

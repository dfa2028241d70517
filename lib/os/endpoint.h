// Where to listen or connect, as text (CONTRACTS section 8):
//
//   tcp:HOST:PORT     HOST is an IPv4 address, an IPv6 address in brackets, or `localhost`; no names
//
//   vsock:CID:PORT    CID is a number, or `any` to listen on all
//
//   uds:PATH:PORT     a Unix socket as QEMU's and Firecracker's vsock have it: whoever listens binds
//   PATH_PORT;
//                     whoever connects to PATH writes `CONNECT PORT` LF and is answered `OK n` LF
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/unique_fd.h"

namespace nes::os {

enum class Transport : std::uint8_t { kTcp, kVsock, kUds };

struct Endpoint {
  Transport transport = Transport::kTcp;
  std::string host;        // address or path; empty for vsock
  std::uint32_t cid = 0;   // vsock; kAnyCid to listen on all
  std::uint32_t port = 0;  // TCP: 0 lets the kernel choose when listening

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

inline constexpr std::uint32_t kAnyCid = 0xFFFFFFFF;  // VMADDR_CID_ANY

// kMalformed if `text` is not an endpoint.
Result<Endpoint> parse_endpoint(std::string_view text);
std::string format_endpoint(const Endpoint& endpoint);

// The same place with another port.
Endpoint with_port(Endpoint endpoint, std::uint32_t port);

// A socket bound to `endpoint`, non-blocking and close-on-exec, that takes no connections yet. A stale Unix
// socket file is replaced. kIo with errno as position if the system refuses.
Result<UniqueFd> bind_to(const Endpoint& endpoint);
// From now on it takes connections. kIo with errno as position.
Result<void> start_listening(int fd, int backlog);
// Both at once.
Result<UniqueFd> listen_on(const Endpoint& endpoint, int backlog);

// The TCP port that a listening socket got; 0 if it is not a TCP socket.
std::uint16_t bound_tcp_port(int fd) noexcept;

// Starts to connect without waiting: the socket is writable once there is an outcome, which connect_outcome()
// tells; a uds peer then still wants its handshake (uds_request()). kIo with errno as position.
Result<UniqueFd> begin_connect(const Endpoint& endpoint);
// kIo with errno as position if the connection was not made.
Result<void> connect_outcome(int fd);
// What to write to a uds peer: `CONNECT PORT` LF.
std::string uds_request(const Endpoint& endpoint);

// The CID of a vsock peer; nothing for another transport.
std::optional<std::uint32_t> peer_cid(int fd) noexcept;

// Connects within `timeout_ms`, the uds handshake included; the socket is then non-blocking. kTimeout, or kIo
// with errno as position, or kMalformed if a uds peer answers anything but OK.
Result<UniqueFd> connect_to(const Endpoint& endpoint, int timeout_ms);

}  // namespace nes::os

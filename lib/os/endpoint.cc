#include "os/endpoint.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/clock.h"

namespace nes::os {
namespace {

// A socket address of any of the three families.
struct Address {
  union {
    sockaddr_storage storage{};
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
    sockaddr_un unix_path;
    sockaddr_vm vsock;
  };
  socklen_t size = sizeof(sockaddr_storage);
};

Error io_error() noexcept {
  return Error{ErrorCode::kIo, "a socket call failed", static_cast<std::uint64_t>(errno)};
}

bool parse_number(std::string_view text, std::uint32_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool fill_ip(Address& address, const std::string& host, std::uint16_t port) noexcept {
  if (host.starts_with('[') && host.ends_with(']')) {
    address.ipv6.sin6_family = AF_INET6;
    address.ipv6.sin6_port = htons(port);
    address.size = sizeof address.ipv6;
    const std::string inner = host.substr(1, host.size() - 2);
    return inet_pton(AF_INET6, inner.c_str(), &address.ipv6.sin6_addr) == 1;
  }
  address.ipv4.sin_family = AF_INET;
  address.ipv4.sin_port = htons(port);
  address.size = sizeof address.ipv4;
  const char* text = host == "localhost" ? "127.0.0.1" : host.c_str();
  return inet_pton(AF_INET, text, &address.ipv4.sin_addr) == 1;
}

bool fill_path(Address& address, const std::string& path) noexcept {
  if (path.empty() || path.size() >= sizeof address.unix_path.sun_path) return false;
  address.unix_path.sun_family = AF_UNIX;
  std::memcpy(address.unix_path.sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof address.unix_path;
  return true;
}

std::string listening_path(const Endpoint& endpoint) {
  return endpoint.host + "_" + std::to_string(endpoint.port);
}

bool fill(Address& address, const Endpoint& endpoint, bool listening) {
  switch (endpoint.transport) {
    case Transport::kTcp: return fill_ip(address, endpoint.host, static_cast<std::uint16_t>(endpoint.port));
    case Transport::kUds:
      return !endpoint.host.empty() &&
             fill_path(address, listening ? listening_path(endpoint) : endpoint.host);
    case Transport::kVsock:
      address.vsock.svm_family = AF_VSOCK;
      address.vsock.svm_cid = endpoint.cid;
      address.vsock.svm_port = endpoint.port;
      address.size = sizeof address.vsock;
      return true;
  }
  return false;
}

Result<void> wait_for(int fd, short events, std::int64_t deadline_ms, const base::SystemClock& clock) {
  for (;;) {
    const std::int64_t left = deadline_ms - clock.monotonic_ms();
    if (left <= 0) return Error{ErrorCode::kTimeout, "the peer did not answer in time"};
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return io_error();
  }
}

// `CONNECT <port>` LF, answered by `OK <n>` LF; read byte by byte, so that nothing of the stream is taken.
Result<void> uds_handshake(int fd, const std::string& request, std::int64_t deadline_ms,
                           const base::SystemClock& clock) {
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return io_error();
  std::string answer;
  while (!answer.ends_with('\n')) {
    NES_TRY(wait_for(fd, POLLIN, deadline_ms, clock));
    char byte = 0;
    const ssize_t got = ::recv(fd, &byte, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return io_error();
    constexpr std::size_t kAnswerBytes = 32;
    if (got == 0 || answer.size() >= kAnswerBytes) return Error{ErrorCode::kMalformed, "no OK after CONNECT"};
    answer.push_back(byte);
  }
  if (!answer.starts_with("OK ")) return Error{ErrorCode::kMalformed, "no OK after CONNECT"};
  return {};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const Error error{ErrorCode::kMalformed, "not tcp:HOST:PORT, vsock:CID:PORT or uds:PATH:PORT"};
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return error;
  const std::string_view kind = text.substr(0, first);
  const std::string_view place = text.substr(first + 1, last - first - 1);
  Endpoint endpoint;
  if (!parse_number(text.substr(last + 1), endpoint.port)) return error;
  if (kind == "vsock") {
    endpoint.transport = Transport::kVsock;
    if (place == "any") {
      endpoint.cid = kAnyCid;
    } else if (!parse_number(place, endpoint.cid) || endpoint.cid == kAnyCid) {
      return error;
    }
    return endpoint.port == VMADDR_PORT_ANY ? Result<Endpoint>(error) : Result<Endpoint>(endpoint);
  }
  endpoint.host = place;
  Address address;
  if (kind == "tcp") {
    endpoint.transport = Transport::kTcp;
    if (endpoint.port > 65535 || !fill(address, endpoint, false)) return error;
    return endpoint;
  }
  endpoint.transport = Transport::kUds;
  if (kind != "uds" || !fill(address, endpoint, true)) return error;
  return endpoint;
}

std::string format_endpoint(const Endpoint& endpoint) {
  const std::string port = ":" + std::to_string(endpoint.port);
  switch (endpoint.transport) {
    case Transport::kTcp: return "tcp:" + endpoint.host + port;
    case Transport::kUds: return "uds:" + endpoint.host + port;
    case Transport::kVsock:
      return "vsock:" + (endpoint.cid == kAnyCid ? std::string("any") : std::to_string(endpoint.cid)) + port;
  }
  return {};
}

Endpoint with_port(Endpoint endpoint, std::uint32_t port) {
  endpoint.port = port;
  return endpoint;
}

Result<UniqueFd> bind_to(const Endpoint& endpoint) {
  Address address;
  if (!fill(address, endpoint, true)) return Error{ErrorCode::kMalformed, "not an endpoint to listen on"};
  UniqueFd fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return io_error();
  if (endpoint.transport == Transport::kTcp) {
    const int on = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return io_error();
    // Inherited by accepted sockets: an answer is one send, so there is nothing to wait for.
    if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return io_error();
  }
  if (endpoint.transport == Transport::kUds) ::unlink(address.unix_path.sun_path);
  if (::bind(fd.get(), &address.any, address.size) != 0) return io_error();
  return fd;
}

Result<void> start_listening(int fd, int backlog) {
  if (::listen(fd, backlog) != 0) return io_error();
  return {};
}

Result<UniqueFd> listen_on(const Endpoint& endpoint, int backlog) {
  NES_TRY_ASSIGN(UniqueFd fd, bind_to(endpoint));
  NES_TRY(start_listening(fd.get(), backlog));
  return fd;
}

std::uint16_t bound_tcp_port(int fd) noexcept {
  Address address;
  if (::getsockname(fd, &address.any, &address.size) != 0) return 0;
  if (address.any.sa_family == AF_INET) return ntohs(address.ipv4.sin_port);
  return address.any.sa_family == AF_INET6 ? ntohs(address.ipv6.sin6_port) : std::uint16_t{0};
}

Result<UniqueFd> begin_connect(const Endpoint& endpoint) {
  Address address;
  if (!fill(address, endpoint, false)) return Error{ErrorCode::kMalformed, "not an endpoint to connect to"};
  UniqueFd fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return io_error();
  if (::connect(fd.get(), &address.any, address.size) != 0 && errno != EINPROGRESS && errno != EINTR)
    return io_error();
  return fd;
}

Result<void> connect_outcome(int fd) {
  int status = 0;
  socklen_t size = sizeof status;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size) != 0) return io_error();
  if (status != 0)
    return Error{ErrorCode::kIo, "the peer refused the connection", static_cast<std::uint64_t>(status)};
  return {};
}

std::string uds_request(const Endpoint& endpoint) {
  return "CONNECT " + std::to_string(endpoint.port) + "\n";
}

std::optional<std::uint32_t> peer_cid(int fd) noexcept {
  Address address;
  if (::getpeername(fd, &address.any, &address.size) != 0 || address.any.sa_family != AF_VSOCK) return {};
  return address.vsock.svm_cid;
}

Result<UniqueFd> connect_to(const Endpoint& endpoint, int timeout_ms) {
  const base::SystemClock clock;
  const std::int64_t deadline_ms = clock.monotonic_ms() + timeout_ms;
  NES_TRY_ASSIGN(UniqueFd fd, begin_connect(endpoint));
  NES_TRY(wait_for(fd.get(), POLLOUT, deadline_ms, clock));
  NES_TRY(connect_outcome(fd.get()));
  if (endpoint.transport == Transport::kUds)
    NES_TRY(uds_handshake(fd.get(), uds_request(endpoint), deadline_ms, clock));
  return fd;
}

}  // namespace nes::os

#include "aws/dialer.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "aws/transfer.h"
#include "http/response_head.h"

namespace nes::aws {
namespace {

constexpr std::size_t kHostBytes = 253;  // RFC 1035 section 2.3.4, as text

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytes && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

// Nothing of the stream behind the answer is taken, because nothing may be there: the peer speaks second.
Result<void> read_connect_answer(os::Stream& stream, const Until& until) {
  std::string received;
  http::AnswerHead head;
  for (;;) {
    char buffer[1024];
    NES_TRY_ASSIGN(const std::size_t got, read_some(stream, buffer, until));
    if (got == 0) return Error{ErrorCode::kTruncated, "the proxy closed before it answered CONNECT"};
    received.append(buffer, got);
    NES_TRY_ASSIGN(const std::size_t size, http::AnswerHead::parse(received, http::Method::kOther, head));
    if (size == 0) continue;
    if (head.status == 403) return Error{ErrorCode::kNotAllowed, "the proxy does not allow the host", 403};
    if (head.status < 200 || head.status > 299)
      return Error{ErrorCode::kIo, "the proxy refused CONNECT", static_cast<std::uint64_t>(head.status)};
    if (size != received.size()) return Error{ErrorCode::kMalformed, "bytes follow the answer to CONNECT"};
    return {};
  }
}

}  // namespace

Result<os::UniqueFd> ConnectDialer::dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) {
  if (!is_host(host)) return Error{ErrorCode::kMalformed, "not a host to dial"};
  const Until until(clock_, timeout_ms);
  NES_TRY_ASSIGN(os::UniqueFd fd, os::connect_to(proxy_, until.left_ms()));
  const std::string authority = std::string(host) + ":" + std::to_string(port);
  // Plain bytes until the tunnel stands, over a duplicate, which the stream closes.
  os::UniqueFd duplicate(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!duplicate) return Error{ErrorCode::kIo, "a descriptor cannot be duplicated"};
  os::PlainStream stream(std::move(duplicate));
  NES_TRY(write_all(stream, "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n", until));
  NES_TRY(read_connect_answer(stream, until));
  return fd;
}

Result<os::UniqueFd> PortsDialer::dial(std::string_view host, std::uint16_t /*port*/,
                                       std::int64_t timeout_ms) {
  std::uint32_t offset = 0;
  if (host.starts_with("kms."))
    offset = 1;
  else if (host.starts_with("secretsmanager."))
    offset = 2;
  else if (host.starts_with("s3.") || host.find(".s3.") != std::string_view::npos)
    offset = 3;
  else if (host == "169.254.169.254")
    offset = 4;
  else
    return Error{ErrorCode::kNotFound, "no port of the parent leads to this host"};
  return os::connect_to(os::with_port(base_, base_.port + offset), static_cast<int>(timeout_ms));
}

}  // namespace nes::aws

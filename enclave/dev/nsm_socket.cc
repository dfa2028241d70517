#include "enclave/dev/nsm_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "attest/nsm_codec.h"
#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::dev {
namespace {

Error io_error() noexcept {
  if (errno == EAGAIN) return {ErrorCode::kTimeout, "the NSM's socket does not answer"};
  return {ErrorCode::kIo, "the NSM's socket fails", static_cast<std::uint64_t>(errno)};
}

Result<os::UniqueFd> connect_to(const std::string& path, int timeout_ms) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{ErrorCode::kMalformed, "the NSM's path is too long"};
  std::copy(path.begin(), path.end(), address.sun_path);
  os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return io_error();
  const timeval timeout{.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return io_error();
  return fd;
}

Result<void> send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return io_error();
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> receive_all(int fd, ByteSpan out) {
  while (!out.empty()) {
    const ssize_t got = ::recv(fd, out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error();
    if (got == 0) return Error{ErrorCode::kTruncated, "the NSM's answer ends early"};
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

Result<Bytes> NsmSocket::ask(ByteView request) const {
  NES_TRY_ASSIGN(const os::UniqueFd fd, connect_to(path_, timeout_ms_));
  std::uint8_t length[4];
  base::store_u32be(static_cast<std::uint32_t>(request.size()), length);
  NES_TRY(send_all(fd.get(), length));
  NES_TRY(send_all(fd.get(), request));
  NES_TRY(receive_all(fd.get(), length));
  std::size_t size = 0;
  for (const std::uint8_t byte : length) size = size << 8 | byte;
  if (size > limits::kNsmResponseBytes) return Error{ErrorCode::kLimit, "the NSM's answer is too long"};
  Bytes response(size);
  NES_TRY(receive_all(fd.get(), response));
  return response;
}

Result<Bytes> NsmSocket::attest(const attest::DocumentRequest& request) {
  NES_TRY_ASSIGN(const Bytes message, attest::encode_attestation_request(request));
  NES_TRY_ASSIGN(const Bytes response, ask(message));
  return attest::decode_attestation_response(response);
}

Result<attest::Pcr> NsmSocket::describe_pcr(std::uint16_t index) {
  NES_TRY_ASSIGN(const Bytes response, ask(attest::encode_describe_pcr_request(index)));
  return attest::decode_describe_pcr_response(response);
}

Result<Bytes> NsmSocket::random() {
  NES_TRY_ASSIGN(const Bytes response, ask(attest::encode_get_random_request()));
  return attest::decode_get_random_response(response);
}

}  // namespace nes::dev

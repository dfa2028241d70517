#include "os/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace nes::os {

StreamResult PlainStream::read(std::span<char> out) {
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), out.data(), out.size(), 0);
    if (got > 0) return {StreamStatus::kOk, static_cast<std::size_t>(got)};
    if (got == 0) return {StreamStatus::kClosed};
    if (errno == EINTR) continue;
    return {errno == EAGAIN ? StreamStatus::kWantRead : StreamStatus::kFailed};
  }
}

StreamResult PlainStream::write(std::span<const char> data) {
  for (;;) {
    const ssize_t sent = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent > 0) return {StreamStatus::kOk, static_cast<std::size_t>(sent)};
    if (sent < 0 && errno == EINTR) continue;
    return {sent < 0 && errno == EAGAIN ? StreamStatus::kWantWrite : StreamStatus::kFailed};
  }
}

void shutdown_write(int fd) noexcept { ::shutdown(fd, SHUT_WR); }

StreamStatus discard_input(int fd) noexcept {
  char sink[16 * 1024];
  constexpr int kReads = 4;
  for (int i = 0; i < kReads; ++i) {
    const ssize_t got = ::recv(fd, sink, sizeof sink, 0);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got == 0) return StreamStatus::kClosed;
    return errno == EAGAIN ? StreamStatus::kWantRead : StreamStatus::kFailed;
  }
  return StreamStatus::kOk;
}

void PlainStream::end() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace nes::os

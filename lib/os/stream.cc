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

void PlainStream::end() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace nes::os

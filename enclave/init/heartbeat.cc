#include "enclave/init/heartbeat.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "base/clock.h"

namespace nes::init {
namespace {

constexpr std::uint8_t kHeartbeat = 0xB7;

Error io_error() noexcept {
  return {ErrorCode::kIo, "the parent's socket fails", static_cast<std::uint64_t>(errno)};
}

}  // namespace

Result<void> heartbeat(const os::Endpoint& parent, int timeout_ms) {
  const base::SystemClock clock;
  const std::int64_t deadline_ms = clock.monotonic_ms() + timeout_ms;
  NES_TRY_ASSIGN(const os::UniqueFd fd, os::connect_to(parent, timeout_ms));
  if (::send(fd.get(), &kHeartbeat, 1, MSG_NOSIGNAL) != 1) return io_error();
  for (;;) {
    const std::int64_t left_ms = deadline_ms - clock.monotonic_ms();
    if (left_ms <= 0) return Error{ErrorCode::kTimeout, "the parent does not answer"};
    pollfd entry{fd.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return io_error();
    if (ready <= 0) continue;
    std::uint8_t answer = 0;
    const ssize_t got = ::recv(fd.get(), &answer, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return io_error();
    if (got == 0) return Error{ErrorCode::kTruncated, "the parent ends without an answer"};
    if (answer != kHeartbeat) return Error{ErrorCode::kMalformed, "the parent answers something else"};
    return {};
  }
}

}  // namespace nes::init

#include "aws/transfer.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace nes::aws {
namespace {

// Waits for what `status` asks for.
Result<void> wait_for(const os::Stream& stream, os::StreamStatus status, const Until& until) {
  if (status != os::StreamStatus::kWantRead && status != os::StreamStatus::kWantWrite)
    return Error{ErrorCode::kIo, "the connection failed"};
  pollfd entry{stream.fd(), status == os::StreamStatus::kWantRead ? short{POLLIN} : short{POLLOUT}, 0};
  for (;;) {
    const int left = until.left_ms();
    if (left == 0) return Error{ErrorCode::kTimeout, "the peer did not answer in time"};
    const int ready = ::poll(&entry, 1, left);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return Error{ErrorCode::kIo, "poll failed", static_cast<std::uint64_t>(errno)};
  }
}

}  // namespace

int Until::left_ms() const noexcept {
  return static_cast<int>(
      std::clamp<std::int64_t>(at_ms_ - clock_.monotonic_ms(), 0, std::numeric_limits<int>::max()));
}

Result<void> handshake(os::Stream& stream, const Until& until) {
  for (;;) {
    const os::StreamStatus status = stream.handshake();
    if (status == os::StreamStatus::kOk) return {};
    NES_TRY(wait_for(stream, status, until));
  }
}

Result<void> write_all(os::Stream& stream, std::string_view data, const Until& until) {
  while (!data.empty()) {
    const os::StreamResult sent = stream.write(data);
    if (sent.status == os::StreamStatus::kOk)
      data.remove_prefix(sent.bytes);
    else
      NES_TRY(wait_for(stream, sent.status, until));
  }
  return {};
}

Result<std::size_t> read_some(os::Stream& stream, std::span<char> out, const Until& until) {
  for (;;) {
    // Also against a peer that is never slow enough for poll to see the time pass.
    if (until.left_ms() == 0) return Error{ErrorCode::kTimeout, "the peer did not answer in time"};
    const os::StreamResult got = stream.read(out);
    if (got.status == os::StreamStatus::kOk) return got.bytes;
    if (got.status == os::StreamStatus::kClosed) return std::size_t{0};
    NES_TRY(wait_for(stream, got.status, until));
  }
}

}  // namespace nes::aws

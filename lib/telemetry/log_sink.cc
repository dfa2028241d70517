#include "telemetry/log_sink.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"

namespace nes::telemetry {
namespace {

using State = LogSink::Taken::State;

class Descriptor final : public LogSink {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}

  Taken take(std::string_view text) override {
    pollfd entry{fd_, POLLOUT, 0};
    if (::poll(&entry, 1, limits::kLogSinkWaitMs) <= 0) return {};
    // At most PIPE_BUF at a time: a pipe that polls writable takes that much without blocking.
    constexpr std::size_t kPipeBytes = 4096;
    const ssize_t sent = ::write(fd_, text.data(), std::min(text.size(), kPipeBytes));
    if (sent >= 0) return {.bytes = static_cast<std::size_t>(sent)};
    return {.state = errno == EAGAIN || errno == EINTR ? State::kGoesOn : State::kEnded};
  }

 private:
  const int fd_;
};

class Receiver final : public LogSink {
 public:
  Receiver(os::Endpoint receiver, const Clock& clock) : receiver_(std::move(receiver)), clock_(clock) {}

  Taken take(std::string_view text) override {
    if (!fd_ && !connect()) return {};
    pollfd entry{fd_.get(), POLLOUT, 0};
    if (::poll(&entry, 1, limits::kLogSinkWaitMs) <= 0) return {};
    const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      pause_ms_ = limits::kBackoffMinMs;
      return {.bytes = static_cast<std::size_t>(sent)};
    }
    if (errno == EAGAIN || errno == EINTR) return {};
    fd_.reset();
    return {.state = State::kRestarts};
  }

 private:
  bool connect() {
    if (clock_.monotonic_ms() < next_try_ms_) {
      ::poll(nullptr, 0, limits::kLogSinkWaitMs);
      return false;
    }
    auto connected = os::connect_to(receiver_, limits::kLogSinkConnectMs);
    if (connected.ok()) {
      fd_ = std::move(connected).value();
      return true;
    }
    next_try_ms_ = clock_.monotonic_ms() + pause_ms_;
    pause_ms_ = std::min(2 * pause_ms_, limits::kBackoffMaxMs);
    return false;
  }

  const os::Endpoint receiver_;
  const Clock& clock_;
  os::UniqueFd fd_;
  std::int64_t pause_ms_ = limits::kBackoffMinMs;
  std::int64_t next_try_ms_ = 0;
};

}  // namespace

std::unique_ptr<LogSink> sink_into(int fd) { return std::make_unique<Descriptor>(fd); }

std::unique_ptr<LogSink> sink_to(const os::Endpoint& receiver, const Clock& clock) {
  return std::make_unique<Receiver>(receiver, clock);
}

}  // namespace nes::telemetry

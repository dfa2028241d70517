#include "host/vsock_proxy/health_watch.h"

#include <chrono>

#include "base/limits.h"
#include "host/vsock_proxy/ask.h"

namespace nes::vsock_proxy {
namespace {

constexpr int kLookTimeoutMs = 2'000;

}  // namespace

HealthWatch::~HealthWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool HealthWatch::ready() const {
  const std::lock_guard lock(mutex_);
  return seen_ == Seen::kReady;
}

std::uint64_t HealthWatch::look_again() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  wake_.notify_one();
  return begun_ + 1;
}

HealthWatch::Seen HealthWatch::seen_since(std::uint64_t look) const {
  const std::lock_guard lock(mutex_);
  return over_ >= look ? seen_ : Seen::kNothing;
}

void HealthWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    ++begun_;
    hurry_ = false;
    lock.unlock();
    const auto answer = ask(health_, {.target = "/readyz", .host = "enclave"}, kLookTimeoutMs);
    lock.lock();
    over_ = begun_;
    seen_ = !answer.ok() ? Seen::kAway : answer->status == 200 ? Seen::kReady : Seen::kUnready;
    const std::int64_t pause_ms = seen_ == Seen::kReady ? limits::kHealthPollMs : limits::kHealthWaitPollMs;
    wake_.wait_for(lock, std::chrono::milliseconds(pause_ms), [this] { return stopping_ || hurry_; });
  }
}

}  // namespace nes::vsock_proxy

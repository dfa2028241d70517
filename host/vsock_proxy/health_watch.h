// What the enclave's health port says, looked at again and again in a thread of its own: once a second while
// it is ready, many times a second while it is not.
//
// Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "os/endpoint.h"

namespace nes::vsock_proxy {

class HealthWatch {
 public:
  enum class Seen : std::uint8_t { kNothing, kAway, kUnready, kReady };

  explicit HealthWatch(os::Endpoint health) : health_(std::move(health)), thread_([this] { run(); }) {}
  ~HealthWatch();
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;

  bool ready() const;

  // Asks for a look that begins after now; returns its number for seen_since().
  std::uint64_t look_again();
  // What was seen last; kNothing until the look of this number is over.
  Seen seen_since(std::uint64_t look) const;

 private:
  void run();

  const os::Endpoint health_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t begun_ = 0;
  std::uint64_t over_ = 0;
  Seen seen_ = Seen::kNothing;
  bool hurry_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nes::vsock_proxy

// Ends what waits for the outside world, so that a service that is asked to stop does.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "aws/dialer.h"
#include "base/result.h"
#include "os/unique_fd.h"

namespace nes::service {

// Thread rule: any thread.
class Interruption {
 public:
  // From now on sleep_ms() returns at once and nothing is dialled; the connection that was dialled last ends.
  void interrupt();

  void sleep_ms(std::int64_t ms);
  bool interrupted() const;
  // Remembers a connection that interrupt() is to end; its predecessor is forgotten.
  void watch(const os::UniqueFd& connection);

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool interrupted_ = false;
  os::UniqueFd watched_;  // a duplicate: its owner may close the connection at any time
};

// Another dialer's connections, until the interruption. Thread rule: any thread.
class InterruptibleDialer final : public aws::Dialer {
 public:
  // Both must outlive this.
  InterruptibleDialer(aws::Dialer& dialer, Interruption& interruption) noexcept
      : dialer_(dialer), interruption_(interruption) {}

  // Adds: kIo once it is interrupted.
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) override;

 private:
  aws::Dialer& dialer_;
  Interruption& interruption_;
};

}  // namespace nes::service

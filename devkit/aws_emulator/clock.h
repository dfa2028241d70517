// The emulator's own time, which may be off on purpose.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace nes::aws_emulator {

// Thread rule: any thread.
class AdjustedClock final : public Clock {
 public:
  // `clock` must outlive this.
  AdjustedClock(const Clock& clock, std::int64_t offset_ms) noexcept : clock_(clock), offset_ms_(offset_ms) {}

  std::int64_t monotonic_ms() const noexcept override { return clock_.monotonic_ms(); }
  std::int64_t unix_ms() const noexcept override { return clock_.unix_ms() + offset_ms_ + skew_ms_; }

  // On top of the offset, until it is set again.
  void set_skew_ms(std::int64_t skew_ms) noexcept { skew_ms_ = skew_ms; }

 private:
  const Clock& clock_;
  const std::int64_t offset_ms_;
  std::atomic<std::int64_t> skew_ms_{0};
};

}  // namespace nes::aws_emulator

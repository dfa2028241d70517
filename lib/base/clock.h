// Time as a dependency: whoever needs it is given a Clock, so that tests decide what time it is.
#pragma once

#include <cstdint>
#include <string>

namespace nes::base {

// All functions may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since an arbitrary start; never goes back.
  virtual std::int64_t monotonic_ms() const noexcept = 0;
  // The same in microseconds, as finely as the clock knows it.
  virtual std::int64_t monotonic_us() const noexcept { return monotonic_ms() * 1000; }
  // Milliseconds since 1970-01-01T00:00:00Z. May jump.
  virtual std::int64_t unix_ms() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override;
  std::int64_t monotonic_us() const noexcept override;
  std::int64_t unix_ms() const noexcept override;
};

// `unix_ms` in RFC 3339 form with milliseconds: 2023-09-18T15:03:30.860Z. Years 1970 to 9999.
std::string format_rfc3339(std::int64_t unix_ms);

}  // namespace nes::base

namespace nes {
using base::Clock;
}  // namespace nes

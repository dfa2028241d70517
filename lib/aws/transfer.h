// Blocking transfers over a non-blocking os::Stream, each until a given time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "os/stream.h"

namespace nes::aws {

// A point in time that several steps share. Holds a reference to the clock.
class Until {
 public:
  Until(const Clock& clock, std::int64_t after_ms) noexcept
      : clock_(clock), at_ms_(clock.monotonic_ms() + after_ms) {}
  // At least 0; no more than poll(2) takes.
  int left_ms() const noexcept;

 private:
  const Clock& clock_;
  std::int64_t at_ms_;
};

// All: kTimeout when the time is up, kIo if the connection has failed.
Result<void> handshake(os::Stream& stream, const Until& until);
Result<void> write_all(os::Stream& stream, std::string_view data, const Until& until);
// Bytes read; 0 at the end of the stream.
Result<std::size_t> read_some(os::Stream& stream, std::span<char> out, const Until& until);

}  // namespace nes::aws

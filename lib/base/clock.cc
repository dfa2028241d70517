#include "base/clock.h"

#include <cstdio>
#include <ctime>

#include "base/check.h"

namespace nes::base {
namespace {

std::int64_t read_us(clockid_t id) noexcept {
  timespec time{};
  NES_CHECK(clock_gettime(id, &time) == 0);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1'000;
}

}  // namespace

std::int64_t SystemClock::monotonic_ms() const noexcept { return monotonic_us() / 1000; }
std::int64_t SystemClock::monotonic_us() const noexcept { return read_us(CLOCK_MONOTONIC); }
std::int64_t SystemClock::unix_ms() const noexcept { return read_us(CLOCK_REALTIME) / 1000; }

std::string format_rfc3339(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  NES_CHECK(unix_ms >= 0 && gmtime_r(&seconds, &parts) != nullptr && parts.tm_year <= 9999 - 1900);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                 parts.tm_min, parts.tm_sec, static_cast<int>(unix_ms % 1000));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace nes::base

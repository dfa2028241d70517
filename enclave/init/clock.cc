#include "enclave/init/clock.h"

#include <cerrno>
#include <ctime>

#include "attest/document.h"
#include "base/clock.h"
#include "base/limits.h"

namespace nes::init {
namespace {

constexpr std::int64_t kEarliestUnixMs = 1'735'689'600'000;  // 2025-01-01

}  // namespace

Result<std::int64_t> clock_error(attest::Nsm& nsm, std::int64_t now_unix_ms) {
  NES_TRY_ASSIGN(const Bytes bytes, nsm.attest({}));
  NES_TRY_ASSIGN(const attest::Document document, attest::parse_document(bytes));
  if (document.timestamp_unix_ms < kEarliestUnixMs)
    return Error{ErrorCode::kMalformed, "the NSM's time is in the past"};
  const std::int64_t off_ms = document.timestamp_unix_ms - now_unix_ms;
  return off_ms > -limits::kInitClockSkewMs && off_ms < limits::kInitClockSkewMs ? 0 : off_ms;
}

Result<std::int64_t> set_clock(attest::Nsm& nsm) {
  const base::SystemClock clock;
  NES_TRY_ASSIGN(const std::int64_t off_ms, clock_error(nsm, clock.unix_ms()));
  if (off_ms == 0) return off_ms;
  const std::int64_t now_ms = clock.unix_ms() + off_ms;
  const timespec now{.tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1'000'000};
  if (::clock_settime(CLOCK_REALTIME, &now) != 0)
    return Error{ErrorCode::kIo, "the clock cannot be set", static_cast<std::uint64_t>(errno)};
  return off_ms;
}

}  // namespace nes::init

// What a client of HTTP/2 may do without bringing a request on: an allowance that refills with time and with
// every answer, and that frames like PING, SETTINGS and RST_STREAM spend (RFC 9113 section 10.5).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/limits.h"

namespace nes::http {

class Http2Budget {
 public:
  static constexpr std::uint32_t kIdleFrameCost = 1;
  static constexpr std::uint32_t kResetCost = 4;       // a request was begun for nothing
  static constexpr std::uint32_t kLargeListCost = 16;  // a header list was decoded, and is not looked at
  static constexpr std::size_t kPayingDataBytes = 512;

  // False, and nothing spent, if the allowance does not reach. `now_ms` does not go back.
  bool spend(std::uint32_t cost, std::int64_t now_ms) noexcept {
    if (cost == 0) return true;
    refill(now_ms);
    if (cost > left_) return false;
    left_ -= cost;
    return true;
  }

  // A request has been answered whole.
  void earn_by_answer() noexcept { earn(limits::kHttp2BudgetPerAnswer); }
  // A DATA frame has been sent. The client will open its windows again, which a frame of a few bytes, made by
  // a window of a few bytes, does not pay for.
  void earn_by_data(std::size_t size) noexcept {
    if (size >= kPayingDataBytes) earn(2 * kIdleFrameCost);
  }

 private:
  void earn(std::uint32_t amount) noexcept { left_ = std::min(left_ + amount, limits::kHttp2Budget); }

  void refill(std::int64_t now_ms) noexcept {
    if (filled_ms_ < 0) filled_ms_ = now_ms;
    const std::int64_t seconds = (now_ms - filled_ms_) / 1000;
    filled_ms_ += seconds * 1000;
    const std::int64_t full_after = limits::kHttp2Budget / limits::kHttp2BudgetPerSecond + 1;
    left_ += static_cast<std::uint32_t>(std::min(seconds, full_after)) * limits::kHttp2BudgetPerSecond;
    left_ = std::min(left_, limits::kHttp2Budget);
  }

  std::uint32_t left_ = limits::kHttp2Budget;
  std::int64_t filled_ms_ = -1;
};

}  // namespace nes::http

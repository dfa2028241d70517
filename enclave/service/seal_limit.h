// DETERMINISTIC_SEALS_PER_SEC: how many values a client may have sealed deterministically, so that one that
// may encrypt cannot build a dictionary of tokens at the speed of the machine.
//
// A bucket a client, which holds one second's worth and fills as time goes by. A document takes for all its
// values at once or is refused, so one with more of them than the limit always is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"

namespace nes::service {

// Thread rule: any thread.
class SealLimit {
 public:
  // 0: no limit.
  SealLimit(std::uint64_t per_second, const Clock& clock) noexcept : per_second_(per_second), clock_(clock) {}

  bool is_on() const noexcept { return per_second_ != 0; }
  // What no document may exceed.
  std::uint64_t per_second() const noexcept { return per_second_; }

  // Takes `seals` from the client's bucket, or nothing and returns false. Anonymous clients share the one of
  // the empty name; clients beyond limits::kLimitedClients share another.
  bool take(std::string_view client, std::uint64_t seals);

  std::size_t client_count() const;

 private:
  // In thousandths of a seal, so that a millisecond fills in whole numbers.
  struct Bucket {
    std::uint64_t thousandths;
    std::int64_t filled_at_ms;
  };

  std::uint64_t fill(const Bucket& bucket, std::int64_t now_ms) const noexcept;
  Bucket& bucket_of(std::string_view client, std::int64_t now_ms);

  const std::uint64_t per_second_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace nes::service

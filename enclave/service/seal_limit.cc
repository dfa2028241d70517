#include "enclave/service/seal_limit.h"

#include <algorithm>

namespace nes::service {
namespace {

constexpr std::uint64_t kThousandths = 1000;
constexpr std::string_view kOverflow = "*";  // no name of a client

}  // namespace

std::uint64_t SealLimit::fill(const Bucket& bucket, std::int64_t now_ms) const noexcept {
  const std::uint64_t full = per_second_ * kThousandths;
  const auto passed_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ms - bucket.filled_at_ms));
  // After a second it is full in any case; no product can overflow before.
  return passed_ms >= 1000 ? full : std::min(full, bucket.thousandths + passed_ms * per_second_);
}

SealLimit::Bucket& SealLimit::bucket_of(std::string_view client, std::int64_t now_ms) {
  if (const auto found = buckets_.find(client); found != buckets_.end()) return found->second;
  if (buckets_.size() >= limits::kLimitedClients) {
    // A full bucket is as good as none.
    std::erase_if(buckets_, [&](const auto& entry) {
      return fill(entry.second, now_ms) == per_second_ * kThousandths;
    });
  }
  const bool has_room = buckets_.size() < limits::kLimitedClients;
  const Bucket full{.thousandths = per_second_ * kThousandths, .filled_at_ms = now_ms};
  return buckets_.try_emplace(std::string(has_room ? client : kOverflow), full).first->second;
}

bool SealLimit::take(std::string_view client, std::uint64_t seals) {
  if (!is_on() || seals == 0) return true;
  if (seals > per_second_) return false;
  const std::int64_t now_ms = clock_.monotonic_ms();
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(client, now_ms);
  bucket = {.thousandths = fill(bucket, now_ms), .filled_at_ms = now_ms};
  if (bucket.thousandths < seals * kThousandths) return false;
  bucket.thousandths -= seals * kThousandths;
  return true;
}

std::size_t SealLimit::client_count() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace nes::service

#include "enclave/service/inflight.h"

#include "enclave/service/state.h"

namespace nes::service {

bool InflightBytes::grow(std::atomic<std::uint64_t>& total, std::size_t size, std::uint64_t most) noexcept {
  const std::uint64_t added = size - size_;
  std::uint64_t now = total.load(std::memory_order_relaxed);
  do {
    if (now + added > most) return false;
  } while (!total.compare_exchange_weak(now, now + added, std::memory_order_relaxed));
  total_ = &total;
  size_ = size;
  return true;
}

void InflightBytes::set(std::atomic<std::uint64_t>& total, std::size_t size) noexcept {
  if (size == size_) return;
  total.fetch_add(size - size_, std::memory_order_relaxed);  // wraps as intended
  total_ = &total;
  size_ = size;
}

void InflightBytes::clear() noexcept {
  if (size_ != 0) set(*total_, 0);
}

AnswerRoom::AnswerRoom(State& state, InflightBytes& counted, std::size_t paid) noexcept
    : total_(state.status.inflight_bytes),
      most_(state.settings.max_inflight_bytes),
      counted_(counted),
      paid_(paid) {}

Result<void> AnswerRoom::hold(std::size_t bytes) {
  const std::size_t made = made_ + bytes;
  if (made <= paid_ + counted_.size() || counted_.grow(total_, made - paid_, most_)) return {};
  if (beside_ + bytes > most_) return Error{ErrorCode::kBodyTooLarge, "an answer is too large"};
  return Error{ErrorCode::kOverloaded, "there is no room for an answer"};
}

}  // namespace nes::service

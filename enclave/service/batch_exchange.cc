#include "enclave/service/batch_exchange.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace nes::service {

void BatchExchange::add_helper(const Worker& helper, std::function<void()> wake) {
  helpers_.push_back({.worker = &helper, .wake = std::move(wake)});
}

std::size_t BatchExchange::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

bool BatchExchange::offer(std::unique_ptr<BatchSlice>& slice) {
  Helper* to_wake = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (helpers_.size() < 2 || waiting_.size() >= limits::kBatchQueuedSlices) return false;
    const Worker* const owner = slice->owner;
    waiting_.push_back(std::move(slice));
    const auto resting = std::find_if(helpers_.begin(), helpers_.end(), [&](const Helper& helper) {
      return helper.worker != owner && !helper.awake;
    });
    if (resting != helpers_.end()) {
      resting->awake = true;
      to_wake = &*resting;
    }
  }
  if (to_wake != nullptr) to_wake->wake();
  return true;
}

std::unique_ptr<BatchSlice> BatchExchange::take(const Worker& helper) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    std::unique_ptr<BatchSlice> slice = std::move(waiting_.front());
    waiting_.pop_front();
    return slice;
  }
  for (Helper& one : helpers_)
    if (one.worker == &helper) one.awake = false;
  return nullptr;
}

std::unique_ptr<BatchSlice> BatchExchange::take_back(const Worker& owner, std::uint64_t batch,
                                                     std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& slice) {
    return slice->owner == &owner && slice->batch == batch && slice->number == number;
  });
  if (found == waiting_.end()) return nullptr;
  std::unique_ptr<BatchSlice> slice = std::move(*found);
  waiting_.erase(found);
  return slice;
}

}  // namespace nes::service

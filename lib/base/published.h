// An immutable snapshot that one thread replaces whole and many threads read.
//
// A reader keeps its own pointer and asks changed() before each use: one atomic load, no lock, until there is
// something new.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace nes::base {

// Thread rule: any thread.
template <typename T>
class Published {
 public:
  void publish(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
    generation_.fetch_add(1, std::memory_order_release);
  }  // the former value, if this was its last owner, dies after the lock

  // Null before the first publish().
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> generation_{0};
};

// One thread's view of a Published, which must outlive it.
template <typename T>
class Subscription {
 public:
  explicit Subscription(const Published<T>& published) noexcept : published_(published) {}

  // Takes the newest value in; true if it is another than before.
  bool update() {
    const std::uint64_t generation = published_.generation();
    if (generation == generation_) [[likely]]
      return false;
    // A value newer than `generation` may arrive here; the next update() then takes it in once more.
    generation_ = generation;
    value_ = published_.get();
    return true;
  }
  const std::shared_ptr<const T>& value() const noexcept { return value_; }

 private:
  const Published<T>& published_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const T> value_;
};

}  // namespace nes::base

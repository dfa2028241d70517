// What answers count against MAX_INFLIGHT_BYTES: from before they are made until they are sent or dropped, or
// until what has them counts them itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/room.h"

namespace nes::service {

struct State;

// Bytes that count as held until this dies. Thread rule: belongs to whoever has what it counts.
class InflightBytes {
 public:
  InflightBytes() noexcept = default;
  ~InflightBytes() { clear(); }
  InflightBytes(const InflightBytes&) = delete;
  InflightBytes& operator=(const InflightBytes&) = delete;

  std::size_t size() const noexcept { return size_; }
  // Counts `size` bytes, not fewer than before, in `total` from now on. If that makes it more than `most`:
  // false, and all is as before.
  bool grow(std::atomic<std::uint64_t>& total, std::size_t size, std::uint64_t most) noexcept;
  // The same whatever the total.
  void set(std::atomic<std::uint64_t>& total, std::size_t size) noexcept;
  void clear() noexcept;

 private:
  std::atomic<std::uint64_t>* total_ = nullptr;
  std::size_t size_ = 0;
};

// Room for one answer, or for one after the other in one buffer. Where there is none: kBodyTooLarge if there
// would be none either with nothing held but what the answer cannot be without, else kOverloaded.
//
// Thread rule: one thread.
class AnswerRoom final : public base::Room {
 public:
  // Answers up to `paid` bytes in all are made whatever else is held. What is more is counted in `counted`.
  AnswerRoom(State& state, InflightBytes& counted, std::size_t paid) noexcept;

  // A document is to be answered, behind `made` bytes of answers. It and what it comes in hold `beside`
  // bytes.
  void begin(std::size_t beside, std::size_t made) noexcept {
    beside_ = beside;
    made_ = made;
  }
  Result<void> hold(std::size_t bytes) override;
  // There are `made` bytes now, and these count.
  void end(std::size_t made) noexcept { counted_.set(total_, made > paid_ ? made - paid_ : 0); }

 private:
  std::atomic<std::uint64_t>& total_;
  const std::uint64_t most_;
  InflightBytes& counted_;
  const std::size_t paid_;
  std::size_t beside_ = 0;
  std::size_t made_ = 0;
};

}  // namespace nes::service

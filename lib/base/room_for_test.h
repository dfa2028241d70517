// Room for up to `most` bytes, which keeps what it was asked for last.
#pragma once

#include <cstddef>

#include "base/room.h"

namespace nes::base {

class RoomForTest final : public Room {
 public:
  explicit RoomForTest(std::size_t most = ~std::size_t{0}) noexcept : most_(most) {}

  Result<void> hold(std::size_t bytes) override {
    ++asked;
    if (bytes > most_) return Error{ErrorCode::kOverloaded, "no room in this test"};
    held = bytes;
    return {};
  }

  int asked = 0;
  std::size_t held = 0;

 private:
  std::size_t most_;
};

}  // namespace nes::base

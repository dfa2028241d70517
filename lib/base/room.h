// Whoever makes something that others decide the size of asks a Room before it takes the memory.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace nes::base {

class Room {
 public:
  virtual ~Room() = default;
  // Asks to hold `bytes`, those included for which it was asked before. After an error all is as it was.
  virtual Result<void> hold(std::size_t bytes) = 0;
};

}  // namespace nes::base

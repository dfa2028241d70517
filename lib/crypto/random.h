// Random bytes of the kernel (getrandom(2)). Neither function can fail: where the kernel has no randomness to
// give, the process ends, because a service that seals with guessable nonces must not go on.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace nes::crypto {

// Fills `out`; blocks until the kernel's generator has been seeded. Any thread.
void fill_random(ByteSpan out) noexcept;

// Nonces taken from one getrandom(2) for many, so that a nonce costs no system call. What was taken is wiped
// from the pool: a nonce is handed out once. Not thread-safe: one pool a thread. Not for a process that
// forks: the child would hand out its parent's nonces.
class NoncePool {
 public:
  static constexpr std::size_t kNonceSize = 12;

  NoncePool() noexcept = default;
  NoncePool(const NoncePool&) = delete;
  NoncePool& operator=(const NoncePool&) = delete;
  ~NoncePool();

  void take(std::span<std::uint8_t, kNonceSize> out) noexcept;

 private:
  static constexpr std::size_t kNonces = 64;

  std::array<std::uint8_t, kNonces * kNonceSize> bytes_{};
  std::size_t used_ = kNonces * kNonceSize;
};

}  // namespace nes::crypto

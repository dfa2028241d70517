#include "crypto/random.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace nes::crypto {
namespace {

TEST(FillRandom, fills_sizes_beyond_what_one_system_call_gives) {
  fill_random({});
  // A byte that stays zero in all of 16 runs was not written: chance 2^-128 each.
  for (const std::size_t size : {1U, 12U, 256U, 257U, 100'000U}) {
    Bytes seen(size, 0), bytes(size);
    for (int run = 0; run < 16; ++run) {
      fill_random(bytes);
      for (std::size_t i = 0; i < size; ++i) seen[i] |= bytes[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << size;
  }
}

TEST(NoncePool, never_gives_one_nonce_twice_over_many_refills) {
  NoncePool one, other;
  std::set<Bytes> seen;
  for (int i = 0; i < 5'000; ++i)
    for (NoncePool* pool : {&one, &other}) {
      Bytes nonce(NoncePool::kNonceSize);
      pool->take(std::span<std::uint8_t, NoncePool::kNonceSize>(nonce));
      ASSERT_NE(nonce, Bytes(NoncePool::kNonceSize, 0));
      ASSERT_TRUE(seen.insert(nonce).second) << i;
    }
}

TEST(NoncePool, keeps_nothing_of_what_it_gave) {
  NoncePool pool;
  std::array<std::uint8_t, NoncePool::kNonceSize> nonce{};
  for (int i = 0; i < 3; ++i) {
    pool.take(nonce);
    const auto* memory = reinterpret_cast<const std::uint8_t*>(&pool);
    const auto* end = memory + sizeof(pool);
    EXPECT_EQ(std::search(memory, end, nonce.begin(), nonce.end()), end);
  }
}

}  // namespace
}  // namespace nes::crypto

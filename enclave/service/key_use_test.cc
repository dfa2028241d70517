#include "enclave/service/key_use.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace nes::service {
namespace {

constexpr token::KeyId kFirst{'0', '0', '0', '0', '0', '0', '0', '1'};
constexpr token::KeyId kSecond{'0', '0', '0', '0', '0', '0', '0', '2'};

TEST(KeyUse, sums_opens_and_takes_the_latest_time_over_all_threads) {
  KeyUseRegistry registry;
  std::vector<std::thread> threads;
  for (int n = 1; n <= 4; ++n)
    threads.emplace_back([&registry, n] {
      KeyUseShard& shard = registry.add_shard();
      for (int i = 0; i < 100; ++i) shard.note(kFirst, 2, 1000 * n + i);
      shard.note(kSecond, 1, n);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.total(kFirst).opens, 800U);
  EXPECT_EQ(registry.total(kFirst).last_open_unix_ms, 4099);
  EXPECT_EQ(registry.total(kSecond).opens, 4U);
  EXPECT_EQ(registry.total(kSecond).last_open_unix_ms, 4);
}

TEST(KeyUse, is_zero_for_a_key_that_opened_nothing) {
  KeyUseRegistry registry;
  registry.add_shard().note(kFirst, 1, 5);
  EXPECT_EQ(registry.total(kSecond).opens, 0U);
  EXPECT_EQ(registry.total(kSecond).last_open_unix_ms, 0);
}

}  // namespace
}  // namespace nes::service

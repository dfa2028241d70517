#include "enclave/service/batch_exchange.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::service {
namespace {

// The exchange only compares workers.
const Worker& worker(std::size_t i) {
  static const char kStandIns[8]{};
  return reinterpret_cast<const Worker&>(kStandIns[i]);
}

std::unique_ptr<BatchSlice> slice_of(const Worker& owner, std::uint64_t number) {
  auto slice = std::make_unique<BatchSlice>();
  slice->owner = const_cast<Worker*>(&owner);
  slice->number = number;
  return slice;
}

TEST(BatchExchange, takes_nothing_without_another_worker) {
  BatchExchange exchange;
  exchange.add_helper(worker(0), [] { FAIL(); });
  auto slice = slice_of(worker(0), 7);
  EXPECT_FALSE(exchange.offer(slice));
  ASSERT_NE(slice, nullptr);
  EXPECT_EQ(slice->number, 7U);
}

TEST(BatchExchange, wakes_one_resting_worker_that_is_not_the_owner) {
  BatchExchange exchange;
  int woken[3] = {};
  for (std::size_t i = 0; i < 3; ++i) exchange.add_helper(worker(i), [&woken, i] { ++woken[i]; });
  for (std::uint64_t i = 0; i < 5; ++i) {
    auto slice = slice_of(worker(1), i);
    EXPECT_TRUE(exchange.offer(slice));
    EXPECT_EQ(slice, nullptr);
  }
  EXPECT_EQ(woken[0] + woken[1] * 10 + woken[2], 2) << "each once, and the owner not at all";
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(exchange.take(worker(0))->number, i) << "in their order";
  EXPECT_EQ(exchange.take(worker(0)), nullptr);
  auto slice = slice_of(worker(1), 5);
  EXPECT_TRUE(exchange.offer(slice));
  EXPECT_EQ(woken[0], 2) << "it rested again";
}

TEST(BatchExchange, gives_back_what_nobody_has_taken) {
  BatchExchange exchange;
  for (std::size_t i = 0; i < 2; ++i) exchange.add_helper(worker(i), [] {});
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto slice = slice_of(worker(0), i);
    exchange.offer(slice);
  }
  EXPECT_EQ(exchange.take_back(worker(1), 0, 1), nullptr) << "not its own";
  EXPECT_EQ(exchange.take_back(worker(0), 1, 1), nullptr) << "of another batch";
  EXPECT_EQ(exchange.take_back(worker(0), 0, 1)->number, 1U);
  EXPECT_EQ(exchange.take_back(worker(0), 0, 1), nullptr);
  EXPECT_EQ(exchange.take(worker(1))->number, 0U);
  EXPECT_EQ(exchange.take(worker(1))->number, 2U);
}

TEST(BatchExchange, is_bounded) {
  BatchExchange exchange;
  for (std::size_t i = 0; i < 2; ++i) exchange.add_helper(worker(i), [] {});
  for (std::uint64_t i = 0; i <= limits::kBatchQueuedSlices; ++i) {
    auto slice = slice_of(worker(0), i);
    EXPECT_EQ(exchange.offer(slice), i < limits::kBatchQueuedSlices);
  }
}

TEST(BatchExchange, loses_and_doubles_nothing_between_threads) {
  BatchExchange exchange;
  constexpr std::uint64_t kSlices = 20'000;
  for (std::size_t i = 0; i < 3; ++i) exchange.add_helper(worker(i), [] {});
  std::atomic<std::uint64_t> taken{0}, sum{0};
  const auto note = [&](std::unique_ptr<BatchSlice> slice) {
    if (slice == nullptr) return;
    sum += slice->number;
    ++taken;
  };
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < 3; ++i)
    helpers.emplace_back([&, i] {
      while (taken < kSlices) note(exchange.take(worker(i)));
    });
  for (std::uint64_t i = 0; i < kSlices; ++i) {
    auto slice = slice_of(worker(0), i);
    if (!exchange.offer(slice)) note(std::move(slice));
    if (i % 3 == 0) note(exchange.take_back(worker(0), 0, i));
  }
  for (std::thread& helper : helpers) helper.join();
  EXPECT_EQ(taken, kSlices);
  EXPECT_EQ(sum, kSlices * (kSlices - 1) / 2);
}

}  // namespace
}  // namespace nes::service

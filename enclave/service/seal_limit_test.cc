#include "enclave/service/seal_limit.h"

#include <string>

#include <gtest/gtest.h>

namespace nes::service {
namespace {

class TestClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return now_ms; }
  std::int64_t unix_ms() const noexcept override { return now_ms; }
  std::int64_t now_ms = 1;
};

TEST(SealLimit, lets_a_second_worth_through_and_then_what_time_brings) {
  TestClock clock;
  SealLimit limit(10, clock);
  EXPECT_TRUE(limit.take("a", 9));
  EXPECT_FALSE(limit.take("a", 2)) << "all or nothing";
  EXPECT_TRUE(limit.take("a", 1));
  EXPECT_FALSE(limit.take("a", 1));
  clock.now_ms += 99;
  EXPECT_FALSE(limit.take("a", 1));
  clock.now_ms += 1;
  EXPECT_TRUE(limit.take("a", 1));
  EXPECT_FALSE(limit.take("a", 1));
  clock.now_ms += 3'600'000;
  EXPECT_TRUE(limit.take("a", 10));
  EXPECT_FALSE(limit.take("a", 1)) << "an idle hour is worth no more than a second";
}

TEST(SealLimit, refuses_more_than_the_limit_at_once_for_ever) {
  TestClock clock;
  SealLimit limit(10, clock);
  EXPECT_FALSE(limit.take("a", 11));
  EXPECT_FALSE(limit.take("a", UINT64_MAX));
  EXPECT_TRUE(limit.take("a", 10)) << "and takes nothing for it";
}

TEST(SealLimit, counts_each_client_for_itself) {
  TestClock clock;
  SealLimit limit(1, clock);
  EXPECT_TRUE(limit.take("a", 1));
  EXPECT_TRUE(limit.take("b", 1));
  EXPECT_TRUE(limit.take("", 1));
  EXPECT_FALSE(limit.take("", 1)) << "anonymous clients share one";
  EXPECT_FALSE(limit.take("a", 1));
}

TEST(SealLimit, off_is_no_limit) {
  TestClock clock;
  SealLimit limit(0, clock);
  EXPECT_FALSE(limit.is_on());
  EXPECT_TRUE(limit.take("a", UINT64_MAX));
  EXPECT_EQ(limit.client_count(), 0U);
}

TEST(SealLimit, holds_a_bounded_number_of_clients) {
  TestClock clock;
  SealLimit limit(1, clock);
  for (std::size_t i = 0; i < limits::kLimitedClients; ++i) EXPECT_TRUE(limit.take(std::to_string(i), 1));
  EXPECT_TRUE(limit.take("one more", 1));
  EXPECT_FALSE(limit.take("and one", 1)) << "those beyond share one";
  EXPECT_EQ(limit.client_count(), limits::kLimitedClients + 1);
  clock.now_ms += 1000;
  EXPECT_TRUE(limit.take("and one", 1));
  EXPECT_EQ(limit.client_count(), 1U) << "full buckets are forgotten";
}

}  // namespace
}  // namespace nes::service

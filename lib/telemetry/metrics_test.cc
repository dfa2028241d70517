#include "telemetry/metrics.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace nes::telemetry {
namespace {

TEST(Metrics, sums_what_all_threads_counted) {
  CounterRegistry registry;
  std::vector<std::thread> threads;
  for (std::uint64_t n = 1; n <= 4; ++n)
    threads.emplace_back([&registry, n] {
      CounterShard& shard = registry.add_shard();
      for (int i = 0; i < 1000; ++i) shard.add(Counter::kRequests);
      shard.add(Counter::kFieldsSealed, n);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.total(Counter::kRequests), 4000U);
  EXPECT_EQ(registry.total(Counter::kFieldsSealed), 10U);
  EXPECT_EQ(registry.total(Counter::kFieldsOpened), 0U);
}

TEST(Metrics, have_distinct_names_in_one_spelling) {
  std::set<std::string> names;
  const auto check = [&names](const MetricInfo& info) {
    EXPECT_TRUE(info.name.starts_with("enclave_")) << info.name;
    for (const char c : info.name) EXPECT_TRUE((c >= 'a' && c <= 'z') || c == '_') << info.name;
    EXPECT_FALSE(info.description.empty() || info.unit.empty()) << info.name;
    names.insert(std::string(info.name) + " " + std::string(info.label));
  };
  for (std::size_t i = 0; i < kCounters; ++i) check(counter_info(static_cast<Counter>(i)));
  for (std::size_t i = 0; i < kHistograms; ++i) check(histogram_info(static_cast<Histogram>(i)));
  EXPECT_EQ(names.size(), kCounters + kHistograms);
}

TEST(Metrics, buckets_are_closed_above) {
  for (std::size_t i = 0; i < kBounds; ++i) {
    EXPECT_EQ(bucket_of(bound_us(i)), i);
    EXPECT_EQ(bucket_of(bound_us(i) + 1), i + 1);
    EXPECT_GT(bound_us(i + 1), bound_us(i));
  }
  EXPECT_EQ(bucket_of(0), 0U);
  EXPECT_EQ(bucket_of(UINT64_MAX), kBounds);
  EXPECT_EQ(bound_us(0), 4U);
  EXPECT_EQ(bound_us(kBounds - 1), 16'777'216U);
}

TEST(Metrics, histograms_add_up_over_threads) {
  CounterRegistry registry;
  CounterShard& one = registry.add_shard();
  CounterShard& other = registry.add_shard();
  one.observe(Histogram::kKms, 5);
  other.observe(Histogram::kKms, 6);
  other.observe(Histogram::kKms, 1'000'000'000);
  other.observe(Histogram::kPhasePlan, -1);  // a clock that was asked in the wrong order
  const HistogramTotals kms = registry.total(Histogram::kKms);
  EXPECT_EQ(kms.counts[1], 2U);
  EXPECT_EQ(kms.counts[kBounds], 1U);
  EXPECT_EQ(kms.sum_us, 1'000'000'011U);
  EXPECT_EQ(registry.total(Histogram::kPhasePlan).counts[0], 1U);
  EXPECT_EQ(registry.total(Histogram::kPhasePlan).sum_us, 0U);
}

}  // namespace
}  // namespace nes::telemetry

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
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kCounters; ++i) {
    const std::string_view name = counter_name(static_cast<Counter>(i));
    EXPECT_TRUE(name.starts_with("enclave_")) << name;
    for (const char c : name) EXPECT_TRUE((c >= 'a' && c <= 'z') || c == '_') << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kCounters);
}

}  // namespace
}  // namespace nes::telemetry

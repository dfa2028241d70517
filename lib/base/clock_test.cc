#include "base/clock.h"

#include <gtest/gtest.h>

namespace nes::base {
namespace {

TEST(Clock, formats_rfc_3339_with_milliseconds) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(1'695'049'410'860), "2023-09-18T15:03:30.860Z");
  EXPECT_EQ(format_rfc3339(951'782'399'999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
}

TEST(Clock, does_not_go_back) {
  const SystemClock clock;
  const auto first = clock.monotonic_ms();
  EXPECT_GE(clock.monotonic_ms(), first);
  EXPECT_GE(clock.monotonic_us() / 1000, first);
  EXPECT_GT(clock.unix_ms(), 1'700'000'000'000);
}

}  // namespace
}  // namespace nes::base

#include <string>

#include <gtest/gtest.h>

#include "tools/nitro_enc/rollout_for_test.h"

namespace nes::nitro_enc {
namespace {

TEST(RolloutMemoryTest, memory_is_four_times_the_eif_and_backed_by_as_many_hugepages) {
  EXPECT_TRUE(says(only({.bytes = (std::uint64_t{128} << 20) + 1}), "less than the 514"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 510Mi"), "are 510 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 1Gi"), "are 1024 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "cpu: 1"), "are 0 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 512M"), "not a number of Mi or Gi"));
  EXPECT_TRUE(says(only_with("MEMORY_MB, value: \"512\"", "MEMORY_MB, valueFrom: {}"), "is not a number"));
}

}  // namespace
}  // namespace nes::nitro_enc

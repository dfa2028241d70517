#include <string>

#include <gtest/gtest.h>

#include "tools/nitro_enc/rollout_for_test.h"

namespace nes::nitro_enc {
namespace {

struct Memory {
  std::string mib = "512";
  std::string limits = "hugepages-2Mi: 512Mi";
  std::string node = "512";
  std::uint64_t eif_mib = 1;
};

std::string only_of(const Memory& memory) {
  std::string text =
      replaced(kManifest, R"(MEMORY_MB, value: "512")", "MEMORY_MB, value: \"" + memory.mib + "\"");
  text = replaced(text, "hugepages-2Mi: 512Mi", memory.limits);
  return only({.manifest = text,
               .allocator = "memory_mib: " + memory.node + "\ncpu_count: 2\n",
               .bytes = memory.eif_mib << 20});
}

TEST(RolloutMemoryTest, memory_is_four_times_the_eif_and_backed_by_as_many_hugepages) {
  EXPECT_TRUE(says(only({.bytes = (std::uint64_t{128} << 20) + 1}), "less than the 514"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 510Mi"), "are 510 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 1Gi"), "are 1024 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "cpu: 1"), "are 0 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 512M"), "not a number of Mi or Gi"));
  EXPECT_TRUE(says(only_with("MEMORY_MB, value: \"512\"", "MEMORY_MB, valueFrom: {}"), "is not a number"));
}

TEST(RolloutMemoryTest, limits_are_whole_pages_of_a_size_that_there_is) {
  EXPECT_TRUE(says(only_of({.limits = "hugepages-2Mi: 511Mi"}), "no whole number of pages"));
  EXPECT_TRUE(says(only_of({.limits = "hugepages-1Gi: 512Mi"}), "no whole number of pages"));
  EXPECT_TRUE(says(only_of({.limits = "hugepages-64Ki: 512Mi"}), "no size of pages"));
}

TEST(RolloutMemoryTest, less_than_1_gib_is_pages_of_2_mib) {
  for (const char* node : {"511", "512", "513", "1022"})
    EXPECT_EQ(only_of({.node = node}) == "0 mistakes", std::string(node) != "511") << node;
  EXPECT_EQ(only_of({.mib = "1022", .limits = "hugepages-2Mi: 1022Mi", .node = "1022"}), "0 mistakes");
}

TEST(RolloutMemoryTest, a_whole_gib_of_the_node_is_a_page_of_1_gib) {
  EXPECT_EQ(
      only_of({.mib = "1024", .limits = "hugepages-2Mi: 1Gi", .node = "1024"}),
      "m.yaml:16: hugepages-2Mi of enclave-runner is 1024 MiB, and memory_mib 1024 of allocator.yaml makes "
      "1024 MiB in pages of 1 GiB and 0 MiB in pages of 2 MiB: the pod stays Pending; fix: use memory_mib "
      "1022, ENCLAVE_MEMORY_MB 1022 and hugepages-2Mi: 1022Mi; or set memory_mib to 1024, the limits to "
      "hugepages-1Gi: 1Gi, and the volume's medium to HugePages-1Gi");
  // An odd number is rounded up to a page of 2 MiB, and then it is a whole GiB.
  const std::string up_to_1022 = "fix: set memory_mib to 512, or more up to 1022";
  for (const char* node : {"1023", "1024", "1534", "2048"})
    EXPECT_TRUE(says(only_of({.node = node}), up_to_1022)) << node;
  EXPECT_EQ(only_of({.node = "1536"}), "0 mistakes");  // 512 MiB are left over for pages of 2 MiB
  EXPECT_EQ(only_of({.node = "1535"}), "0 mistakes");
}

TEST(RolloutMemoryTest, limits_by_size_fit_the_nodes_pages) {
  const auto big = [](const std::string& limits, const std::string& node) {
    return only_of({.mib = "1536", .limits = limits, .node = node});
  };
  EXPECT_EQ(big("hugepages-1Gi: 1Gi, hugepages-2Mi: 512Mi", "1536"), "0 mistakes");
  EXPECT_EQ(big("hugepages-1Gi: 1Gi, hugepages-2Mi: 512Mi", "2560"), "0 mistakes");
  EXPECT_TRUE(says(big("hugepages-1Gi: 1Gi, hugepages-2Mi: 512Mi", "2048"),
                   "hugepages-2Mi of enclave-runner is 512 MiB"));
  EXPECT_TRUE(says(big("hugepages-1Gi: 1Gi, hugepages-2Mi: 512Mi", "2048"),
                   "the limits to hugepages-1Gi: 1Gi and hugepages-2Mi: 512Mi"));
  EXPECT_TRUE(says(big("hugepages-2Mi: 1536Mi", "1536"), "hugepages-2Mi of enclave-runner is 1536 MiB"));
  EXPECT_TRUE(says(big("hugepages-1Gi: 2Gi", "2048"), "are 2048 MiB, and ENCLAVE_MEMORY_MB 1536"));
  EXPECT_TRUE(says(big("hugepages-1Gi: 2Gi", "2048"),
                   "fix: set the limits to hugepages-1Gi: 1Gi and hugepages-2Mi: 512Mi"));
  EXPECT_EQ(only_of({.mib = "2048", .limits = "hugepages-1Gi: 2Gi", .node = "2048"}), "0 mistakes");
  EXPECT_EQ(only_of({.mib = "2048", .limits = "hugepages-1Gi: 2048Mi", .node = "3000"}), "0 mistakes");
}

TEST(RolloutMemoryTest, what_does_not_fit_below_1_gib_is_not_told_to) {
  const std::string fits =
      only_of({.mib = "1024", .limits = "hugepages-2Mi: 1Gi", .node = "1024", .eif_mib = 255});
  const std::string large =
      only_of({.mib = "1024", .limits = "hugepages-2Mi: 1Gi", .node = "1024", .eif_mib = 256});
  EXPECT_TRUE(says(fits, "use memory_mib 1022"));
  EXPECT_TRUE(says(large, "fix: set memory_mib to 1024, the limits to hugepages-1Gi: 1Gi"));
}

}  // namespace
}  // namespace nes::nitro_enc

#include "enclave/init/steps.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace nes::init {
namespace {

std::ptrdiff_t place_of(std::string_view name) {
  return std::ranges::find(steps(), name, &Step::name) - steps().begin();
}

TEST(Steps, have_names_that_tell_them_apart) {
  std::set<std::string_view> names;
  for (const Step& step : steps()) EXPECT_TRUE(names.insert(step.name).second) << step.name;
}

TEST(Steps, reboot_when_they_fail_but_for_the_heartbeat) {
  for (const Step& step : steps())
    EXPECT_EQ(step.failure == Failure::kIsReported, step.name == "heartbeat") << step.name;
}

TEST(Steps, come_after_what_they_need) {
  const std::vector<std::pair<std::string_view, std::string_view>> pairs = {
      {"dev", "console"},  {"nsm module", "nsm"}, {"dev", "nsm"},     {"nsm", "entropy"},
      {"nsm", "clock"},    {"image", "root"},     {"root", "mounts"}, {"image", "lo"},
      {"image", "rights"}, {"mounts", "rights"},  {"console", "nsm"}, {"rights", "heartbeat"}};
  for (const auto& [earlier, later] : pairs) {
    ASSERT_LT(static_cast<std::size_t>(place_of(later)), steps().size()) << later;
    EXPECT_LT(place_of(earlier), place_of(later)) << earlier << " before " << later;
  }
}

}  // namespace
}  // namespace nes::init

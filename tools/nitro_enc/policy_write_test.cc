#include "tools/nitro_enc/policy_write.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

TEST(ChangedLinesTest, shows_what_differs_with_the_lines_around_it) {
  EXPECT_EQ(changed_lines("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\nY\ne\nf\n"),
            "  b\n  c\n- d\n+ X\n+ Y\n  e\n  f\n");
  EXPECT_EQ(changed_lines("a\n", "b\n"), "- a\n+ b\n");
  EXPECT_EQ(changed_lines("", "b\n"), "+ b\n");
  EXPECT_EQ(changed_lines("a\na\n", "a\n"), "  a\n- a\n");
  EXPECT_EQ(changed_lines("a\n", "a\n"), "");
}

}  // namespace
}  // namespace nes::nitro_enc

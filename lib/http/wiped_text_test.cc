#include "http/wiped_text.h"

#include <string>

#include <gtest/gtest.h>

namespace nes::http {
namespace {

TEST(WipedText, appends_and_grows) {
  WipedText text;
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.view(), "");
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    text.append("abc").append("").append(std::to_string(i));
    expected += "abc" + std::to_string(i);
  }
  EXPECT_EQ(text.view(), expected);
  EXPECT_EQ(text.size(), expected.size());
}

TEST(WipedText, is_empty_and_overwritten_once_cleared) {
  WipedText text;
  text.append("bearer token");
  const char* const memory = text.view().data();
  text.clear();
  EXPECT_TRUE(text.empty());
  for (int i = 0; i < 12; ++i) EXPECT_EQ(memory[i], 0) << i;  // so little is kept, so this is still its own
  text.append("x");
  EXPECT_EQ(text.view(), "x");
}

TEST(WipedText, takes_what_was_reserved_without_moving) {
  WipedText text;
  text.reserve(1000);
  text.append("a");
  const char* const memory = text.view().data();
  text.append(std::string(999, 'b'));
  EXPECT_EQ(text.view().data(), memory);
}

}  // namespace
}  // namespace nes::http

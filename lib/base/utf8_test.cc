#include "base/utf8.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace nes::base {
namespace {

std::string encode(std::uint32_t code_point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), byte(0x80 | (code_point & 0x3F))};
  if (code_point < 0x10000) {
    return {byte(0xE0 | code_point >> 12), byte(0x80 | (code_point >> 6 & 0x3F)),
            byte(0x80 | (code_point & 0x3F))};
  }
  return {byte(0xF0 | code_point >> 18), byte(0x80 | (code_point >> 12 & 0x3F)),
          byte(0x80 | (code_point >> 6 & 0x3F)), byte(0x80 | (code_point & 0x3F))};
}

TEST(Utf8, accepts_every_scalar_value_and_no_surrogate) {
  for (std::uint32_t code_point = 0; code_point < 0x110000; ++code_point) {
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    const std::string text = encode(code_point);
    ASSERT_EQ(utf8_sequence_size(text), surrogate ? 0 : text.size()) << code_point;
    ASSERT_EQ(utf8_sequence_size(text + "\x80"), surrogate ? 0 : text.size()) << code_point;
  }
}

TEST(Utf8, rejects_code_points_beyond_the_last) {
  EXPECT_EQ(utf8_sequence_size(encode(0x10FFFF)), 4U);
  EXPECT_EQ(utf8_sequence_size(encode(0x110000)), 0U);
}

TEST(Utf8, rejects_overlong_forms) {
  EXPECT_EQ(utf8_sequence_size("\xC1\xBF"), 0U);
  EXPECT_EQ(utf8_sequence_size("\xC2\x80"), 2U);
  EXPECT_EQ(utf8_sequence_size("\xE0\x9F\xBF"), 0U);
  EXPECT_EQ(utf8_sequence_size("\xE0\xA0\x80"), 3U);
  EXPECT_EQ(utf8_sequence_size("\xF0\x8F\xBF\xBF"), 0U);
  EXPECT_EQ(utf8_sequence_size("\xF0\x90\x80\x80"), 4U);
}

TEST(Utf8, rejects_every_truncated_sequence_and_a_tail_alone) {
  EXPECT_EQ(utf8_sequence_size(""), 0U);
  EXPECT_EQ(utf8_sequence_size("\x80"), 0U);
  for (const std::uint32_t code_point : {0xE9U, 0x20ACU, 0x1F511U}) {
    const std::string text = encode(code_point);
    for (std::size_t size = 1; size < text.size(); ++size) {
      EXPECT_EQ(utf8_sequence_size(text.substr(0, size)), 0U);
      EXPECT_EQ(utf8_sequence_size(text.substr(0, size) + "a\x80\x80"), 0U);
      EXPECT_EQ(utf8_sequence_size(text.substr(0, size) + "\xC3\x80\x80"), 0U);
    }
  }
}

TEST(Utf8, accepts_exactly_the_two_byte_sequences_of_the_grammar) {
  for (unsigned first = 0x80; first < 0x100; ++first) {
    for (unsigned second = 0; second < 0x100; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      const bool valid = first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
      ASSERT_EQ(utf8_sequence_size(text), valid ? 2U : 0U) << first << ' ' << second;
    }
  }
}

TEST(Utf8, is_utf8_only_all_through) {
  for (const char* text : {"", "a", "\xC3\xA9",
                           "a\xE2\x82\xAC"
                           "b",
                           "\xF0\x9F\x98\x80"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\xC3", "a\xFF", "\xED\xA0\x80",
                           "ab\x80"
                           "c"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace nes::base

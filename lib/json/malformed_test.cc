// What is JSON and what is not: tables, every truncation, every change of one byte (against the slow parser),
// and special bytes at every place of a block.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "json/locate.h"
#include "json/naive_for_test.h"
#include "json/plan_for_test.h"

namespace nes::json {
namespace {

using namespace std::string_view_literals;

// On a buffer of exactly the text's size, so that AddressSanitizer sees a read past it.
Result<void> check(std::string_view text, PlanState start = kNothingPlanned) {
  static const PlanForTest plan = plan_for_test();
  const std::vector<char> exact(text.begin(), text.end());
  std::vector<Located> located;
  return locate({exact.data(), exact.size()}, Shape::kDocument, plan, start, located);
}

// Both walks: nothing planned, and a plan that goes everywhere.
bool is_json(std::string_view text) {
  const bool checked = check(text).ok();
  EXPECT_EQ(check(text, kStartForTest).ok(), checked) << text;
  return checked;
}

std::string nested(std::size_t depth, std::string_view opening, std::string_view core,
                   std::string_view closing) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += opening;
  text += core;
  for (std::size_t i = 0; i < depth; ++i) text += closing;
  return text;
}

TEST(Json, accepts_what_rfc_8259_allows) {
  for (const std::string_view text :
       {"0",
        "-0",
        "10",
        "0.0",
        "-1.25",
        "1e5",
        "1E+05",
        "1e-5",
        "0e0",
        "123456789012345678901234567890.5e999999",
        "true",
        "false",
        "null",
        "\"\"",
        "{}",
        "[]",
        " \t\r\n{ \t\r\n} \t\r\n",
        "[ ]",
        "[1]",
        "[1,2]",
        "[ 1 , 2 ]",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        "{ \"a\" : 1 , \"b\" : [ { } ] }",
        "[[],{},[{}]]",
        R"("\"\\\/\b\f\n\r\t\u0aF9")",
        R"("\ud800")",
        R"("\udc00\ud800")",
        R"({"\ud800":1})",
        "\"\x7f\"",
        "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"",
        "\"\xEF\xBB\xBF\"",
        "[\"\",\"\xC3\xA9\"]"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

struct Malformed {
  std::string_view text;
  std::size_t offset;  // at which it stops being JSON
};

TEST(Json, rejects_everything_else_at_the_byte_where_it_stops_being_json) {
  constexpr Malformed kTable[] = {
      {"", 0},
      {" ", 1},
      {"\n\t", 2},
      {"\0"sv, 0},
      {"0\0"sv, 1},
      {"\xEF\xBB\xBF{}", 0},
      {"\v0", 0},
      {"\xC2\xA0"
       "0",
       0},
      // numbers
      {"-", 1},
      {"+1", 0},
      {"01", 1},
      {"-01", 2},
      {"00", 1},
      {".5", 0},
      {"1.", 2},
      {"1.e5", 2},
      {"1e", 2},
      {"1e+", 3},
      {"1e+-5", 3},
      {"1e5.5", 3},
      {"0x10", 1},
      {"1_000", 1},
      {"1,5", 1},
      {"NaN", 0},
      {"Infinity", 0},
      {"-Infinity", 1},
      {"--1", 1},
      {"1a", 1},
      {"[1.]", 3},
      {"[-]", 2},
      // words
      {"t", 1},
      {"tru", 3},
      {"truE", 3},
      {"True", 0},
      {"truee", 4},
      {"fals", 4},
      {"falze", 3},
      {"nul", 3},
      {"nil", 1},
      {"undefined", 0},
      // strings
      {"\"", 1},
      {"\"abc", 4},
      {"'a'", 0},
      {"\"\n\"", 1},
      {"\"\t\"", 1},
      {"\"\x1f\"", 1},
      {"\"\0\""sv, 1},
      {"\"\\\"", 3},
      {R"("\a")", 2},
      {R"("\U0041")", 2},
      {R"("\u")", 3},
      {R"("\u004")", 6},
      {R"("\u00g1")", 5},
      {R"("\u-041")", 3},
      {"\"\\\xC3\xA9\"", 2},
      {"\"\\\0\""sv, 2},
      {"\"a\"b", 3},
      {"\"a\" \"b\"", 4},
      // UTF-8 (RFC 3629)
      {"\"\x80\"", 1},
      {"\"\xBF\"", 1},
      {"\"\xC0\x80\"", 1},
      {"\"\xC1\xBF\"", 1},
      {"\"\xC3\"", 1},
      {"\"\xC3", 1},
      {"\"\xE0\x9F\xBF\"", 1},
      {"\"\xED\xA0\x80\"", 1},
      {"\"\xED\xBF\xBF\"", 1},
      {"\"\xE2\x82\"", 1},
      {"\"\xF0\x8F\xBF\xBF\"", 1},
      {"\"\xF4\x90\x80\x80\"", 1},
      {"\"\xF5\x80\x80\x80\"", 1},
      {"\"\xF0\x9F\x94\"", 1},
      {"\"\xFE\"", 1},
      {"\"\xFF\"", 1},
      {"\"ab\xC3\xA9\xC3\"", 5},
      {"{\"\xFF\":1}", 2},
      // arrays
      {"[", 1},
      {"]", 0},
      {"[1", 2},
      {"[1,", 3},
      {"[1,]", 3},
      {"[,1]", 1},
      {"[,]", 1},
      {"[1 2]", 3},
      {"[1,,2]", 3},
      {"[1}", 2},
      {"[}", 1},
      {"[]]", 2},
      {"[][]", 2},
      {"[1:2]", 2},
      {"[\"a\":1]", 4},
      // objects
      {"{", 1},
      {"}", 0},
      {"{]", 1},
      {"{,}", 1},
      {"{1:2}", 1},
      {"{a:1}", 1},
      {"{'a':1}", 1},
      {"{\"a\"}", 4},
      {"{\"a\"", 4},
      {"{\"a\":", 5},
      {"{\"a\":}", 5},
      {"{\"a\":1", 6},
      {"{\"a\":1,", 7},
      {"{\"a\":1,}", 7},
      {"{\"a\":1]", 6},
      {"{\"a\"::1}", 5},
      {"{\"a\" 1}", 5},
      {"{\"a\",1}", 4},
      {"{\"a\":1 \"b\":2}", 7},
      {"{\"a\":1,,}", 7},
      {"{}{}", 2},
      {"{\"a\":1}}", 7},
      {"{null:1}", 1},
      {"{\"a\":1;\"b\":2}", 6},
      // comments
      {"/**/1", 0},
      {"1//", 1},
      {"[1/**/]", 2},
      {"#\n1", 0},
  };
  for (const auto& [text, offset] : kTable) {
    for (const PlanState start : {kNothingPlanned, kStartForTest}) {
      const Result<void> result = check(text, start);
      ASSERT_FALSE(result.ok()) << text;
      EXPECT_EQ(result.error().code, ErrorCode::kMalformedJson) << text;
      EXPECT_EQ(result.error().position, offset) << text;
      EXPECT_FALSE(result.error().reason.view().empty()) << text;
    }
  }
}

TEST(Json, accepts_128_levels_and_rejects_129) {
  const std::pair<std::string_view, std::string_view> kPairs[] = {
      {"[", "]"}, {"[ ", " ]"}, {"[0,", ",0]"}, {"{\"d\":", "}"}, {"{\"z\":", "}"}};
  for (const auto& [opening, closing] : kPairs) {
    EXPECT_TRUE(is_json(nested(127, opening, "1", closing))) << opening;
    EXPECT_TRUE(is_json(nested(128, opening, "1", closing))) << opening;
    EXPECT_TRUE(is_json(nested(127, opening, "{}", closing))) << opening;
    EXPECT_FALSE(is_json(nested(128, opening, "{}", closing))) << opening;
    EXPECT_FALSE(is_json(nested(129, opening, "1", closing))) << opening;
    EXPECT_FALSE(is_json(nested(130, opening, "1", closing))) << opening;
  }
  const Result<void> result = check(nested(129, "[", "", "]"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().position, 128U);
  EXPECT_EQ(result.error().reason.view(), "nested too deeply");
}

TEST(Json, depth_is_of_nesting_not_of_number) {
  EXPECT_TRUE(is_json("[" + nested(127, "[", "", "]") + "," + nested(127, "[", "", "]") + "]"));
  std::string many = "[0";
  for (int i = 0; i < 1000; ++i) many += ",[[]],{}";
  EXPECT_TRUE(is_json(many + "]"));
}

TEST(Json, does_not_overflow_the_stack) {
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "{\"d\":";
  EXPECT_FALSE(is_json(text));
}

constexpr std::string_view kSample =
    "{ \"a\" : "
    "\"x\\u0041\\n\xC3\xA9\",\"b\":[-1.5e+3,0,true,false,null,{}],\n\"c\":[1,\"two\",{\"a\":"
    "\"\\ud834\\udd1e\"}],"
    "\"d\":{\"d\":{\"\\u00e9\":{\"deep\":[[]]}}},\"\xE2\x82\xAC\":\"\xF0\x9F\x94\x91\",\"z\":[10,2.25]}";

TEST(Json, rejects_every_truncation) {
  ASSERT_TRUE(is_json(kSample));
  for (std::size_t size = 0; size < kSample.size(); ++size) {
    const Result<void> result = check(kSample.substr(0, size), kStartForTest);
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_LE(result.error().position, size);
    EXPECT_FALSE(is_json(kSample.substr(0, size))) << size;
  }
}

TEST(Json, agrees_with_the_slow_parser_on_every_change_of_one_byte) {
  std::size_t accepted = 0;
  const auto agrees = [&accepted](const std::string& text) {
    const bool expected = naive::Parser(text).parse(limits::kJsonDepth).has_value();
    accepted += expected ? 1U : 0U;
    return is_json(text) == expected;
  };
  for (std::size_t at = 0; at < kSample.size(); ++at) {
    const std::string before(kSample.substr(0, at));
    const std::string after(kSample.substr(at + 1));
    ASSERT_TRUE(agrees(before + after)) << at;
    for (int byte = 0; byte < 256; ++byte) {
      const std::string changed = before + static_cast<char>(byte);
      ASSERT_TRUE(agrees(changed + after)) << changed + after;
      ASSERT_TRUE(agrees(changed + kSample[at] + after)) << changed + after;
    }
  }
  EXPECT_GT(accepted, kSample.size());
}

// Blocks are 64 bytes and begin where a string's search does: a special byte at every place of the first two
// and beyond, with what follows it ending short of a block, at it and past it, after a string that left its
// block begun and in a text of its own.
TEST(Json, sees_a_special_byte_wherever_it_stands) {
  constexpr std::string_view kPieces[] = {"\\n", "\\\"", "\\u00e9", "\xC3\xA9", "\xF0\x9F\x94\x91",
                                          "\"",  "\x1f", "\0"sv,    "\x80",     "\xFF",
                                          "\\",  "\\x",  "\\u00",   "\xE2\x82", "\x7f"};
  for (const std::string_view piece : kPieces) {
    for (std::size_t before = 0; before <= 135; ++before) {
      for (const std::size_t after : {0U, 1U, 2U, 15U, 31U, 32U, 33U, 60U, 61U, 62U, 63U, 64U, 65U, 80U}) {
        std::string text = "\"";
        text.append(before, 'x').append(piece).append(after, 'y').append("\"");
        ASSERT_EQ(is_json(text), naive::Parser(text).parse(0).has_value()) << text;
        const std::string second = "[\"z\"," + text + "]";
        ASSERT_EQ(is_json(second), naive::Parser(second).parse(1).has_value()) << second;
        text.pop_back();
        ASSERT_EQ(is_json(text), naive::Parser(text).parse(0).has_value()) << text;
      }
    }
  }
}

TEST(Json, skips_runs_of_white_space_of_every_length) {
  for (std::size_t size = 0; size <= 100; ++size) {
    for (const char space : " \n\t\r"sv) {
      const std::string run(size, space);
      ASSERT_TRUE(is_json(run + "{" + run + "\"a\"" + run + ":" + run + "[" + run + "1" + run + "," + run +
                          "2" + run + "]" + run + "}" + run));
      ASSERT_FALSE(is_json(run));
      for (const char other : "\v\f\0\x0e\x01\x1d\x89\x8d\xa0\xc0"sv) {
        ASSERT_FALSE(is_json(run + other + "1")) << size << ' ' << static_cast<int>(other);
        ASSERT_FALSE(is_json("1" + run + other + std::string(40, ' ')))
            << size << ' ' << static_cast<int>(other);
      }
    }
  }
}

}  // namespace
}  // namespace nes::json

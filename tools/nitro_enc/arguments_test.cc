#include "tools/nitro_enc/arguments.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

const Syntax kSyntax{.flags = {{.name = "key", .value = "FILE"},
                               {.name = "url", .value = "URL", .occurs = Occurs::kRepeated},
                               {.name = "json"}},
                     .operand = "FILE",
                     .min_operands = 0,
                     .max_operands = 2};

std::variant<Arguments, UsageError> parse(std::vector<std::string_view> words,
                                          const Syntax& syntax = kSyntax) {
  return Arguments::parse(syntax, words);
}
Arguments good(std::vector<std::string_view> words) { return std::get<Arguments>(parse(std::move(words))); }
std::string error(std::vector<std::string_view> words, const Syntax& syntax = kSyntax) {
  const auto parsed = parse(std::move(words), syntax);
  const auto* failure = std::get_if<UsageError>(&parsed);
  return failure == nullptr ? "" : failure->message;
}

TEST(Arguments, take_values_behind_the_flag_or_an_equals_sign) {
  EXPECT_EQ(good({"--key", "a"}).value("key"), "a");
  EXPECT_EQ(good({"--key=a"}).value("key"), "a");
  EXPECT_EQ(good({"--key=a=b"}).value("key"), "a=b");
  EXPECT_EQ(good({"--key="}).value("key"), "");
  EXPECT_EQ(good({"--key", "--json"}).value("key"), "--json");
  EXPECT_EQ(good({}).value("key"), std::nullopt);
  EXPECT_EQ(good({}).text("key", "x"), "x");
}

TEST(Arguments, take_switches_and_repeated_flags) {
  EXPECT_TRUE(good({"--json"}).has("json"));
  EXPECT_FALSE(good({}).has("json"));
  EXPECT_EQ(good({"--url", "a", "--url=b"}).values("url"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_TRUE(good({}).values("url").empty());
}

TEST(Arguments, take_operands_anywhere_and_all_after_two_hyphens) {
  EXPECT_EQ(good({"a", "--json", "b"}).operands(), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(good({"--", "--json", "--"}).operands(), (std::vector<std::string_view>{"--json", "--"}));
  EXPECT_EQ(good({"-"}).operands(), (std::vector<std::string_view>{"-"}));
}

TEST(Arguments, refuse_what_is_not_known) {
  EXPECT_EQ(error({"--nope"}), "unknown flag: --nope");
  EXPECT_EQ(error({"--nope=secret"}), "unknown flag: --nope");
  EXPECT_EQ(error({"--ke", "a"}), "unknown flag: --ke");
  EXPECT_EQ(error({"-k"}), "unknown flag: -k");
  EXPECT_EQ(error({"-key", "a"}), "unknown flag: -key");
  EXPECT_EQ(error({"--KEY", "a"}), "unknown flag: --KEY");
}

TEST(Arguments, refuse_what_is_repeated_or_incomplete) {
  EXPECT_EQ(error({"--key", "a", "--key", "a"}), "--key is given more than once");
  EXPECT_EQ(error({"--json", "--json"}), "--json is given more than once");
  EXPECT_EQ(error({"--key"}), "--key lacks its FILE");
  EXPECT_EQ(error({"--json=yes"}), "--json takes no value");
}

TEST(Arguments, refuse_too_many_and_too_few_operands) {
  EXPECT_EQ(error({"a", "b"}), "");
  EXPECT_EQ(error({"a", "b", "c"}), "unexpected argument: c");
  const Syntax one{.operand = "FILE", .min_operands = 1, .max_operands = 1};
  EXPECT_EQ(error({}, one), "FILE is missing");
}

TEST(Arguments, refuse_a_required_flag_that_is_missing) {
  const Syntax syntax{.flags = {{.name = "key", .value = "FILE", .occurs = Occurs::kRequired}}};
  EXPECT_EQ(error({}, syntax), "--key is required");
  EXPECT_EQ(error({"--key", "a"}, syntax), "");
}

TEST(Arguments, read_counts_as_plain_digits) {
  EXPECT_EQ(parse_count("0", 9), 0U);
  EXPECT_EQ(parse_count("9", 9), 9U);
  EXPECT_EQ(parse_count("18446744073709551615", UINT64_MAX), UINT64_MAX);
  for (const std::string_view text : {"", "10", "-1", "+1", "01", "1 ", " 1", "1x", "0x1", "1.0"})
    EXPECT_EQ(parse_count(text, 9), std::nullopt) << text;
  EXPECT_EQ(parse_count("18446744073709551616", UINT64_MAX), std::nullopt);
}

}  // namespace
}  // namespace nes::nitro_enc

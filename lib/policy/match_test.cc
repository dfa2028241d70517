#include "policy/match.h"

#include <string>

#include <gtest/gtest.h>

namespace nes::policy {
namespace {

struct Case2 {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

TEST(MatchTest, star_is_any_number_of_characters_and_question_mark_is_one) {
  for (const auto& [pattern, text, matches] : {
           Case2{"", "", true},           Case2{"", "a", false},         Case2{"*", "", true},
           Case2{"*", "abc", true},       Case2{"?", "", false},         Case2{"?", "a", true},
           Case2{"?", "ab", false},       Case2{"a*", "a", true},        Case2{"a*", "ab", true},
           Case2{"a*", "ba", false},      Case2{"*a", "ba", true},       Case2{"*a", "ab", false},
           Case2{"a*c", "abbc", true},    Case2{"a*c", "abbcd", false},  Case2{"a?c", "abc", true},
           Case2{"a?c", "ac", false},     Case2{"**", "", true},         Case2{"a**b", "ab", true},
           Case2{"*ab*ab", "abab", true}, Case2{"*ab*ab", "aab", false}, Case2{"*aab", "aaab", true},
           Case2{"abc", "abcd", false},   Case2{"abcd", "abc", false},   Case2{"?*", "", false},
       }) {
    EXPECT_EQ(matches_pattern(pattern, text, Case::kSensitive), matches) << pattern << " " << text;
  }
}

TEST(MatchTest, letters_of_another_case_match_only_where_case_is_ignored) {
  EXPECT_TRUE(matches_pattern("kms:de*", "KMS:Decrypt", Case::kIgnored));
  EXPECT_FALSE(matches_pattern("kms:de*", "KMS:Decrypt", Case::kSensitive));
  EXPECT_TRUE(equals_ignoring_case("AbC", "aBc"));
  EXPECT_FALSE(equals_ignoring_case("abc", "abcd"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // differ by the bit that letters differ by
  EXPECT_EQ(to_lower("AZaz[`@09"), "azaz[`@09");
}

TEST(MatchTest, a_pattern_with_many_stars_ends) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(8000, 'a'), Case::kSensitive));
}

TEST(MatchTest, wildcards_stay_within_their_part_of_an_arn) {
  constexpr std::string_view kKey = "arn:aws:kms:us-east-1:111122223333:key/abc";
  for (const auto& [pattern, matches] : {
           std::pair<std::string_view, bool>{kKey, true},
           {"*", true},
           {"arn:*:kms:*:*:key/*", true},
           {"arn:aws:kms:us-east-?:111122223333:key/ab?", true},
           {"arn:aws:kms:*:key/abc", false},  // the star would have to reach over a colon
           {"arn:*", false},
           {"arn:aws:kms:us-east-1:111122223333:key/ABC", false},
           {"arn:aws:kms:us-east-1:111122223333:key/abcd", false},
           {"arn:aws:kms:us-east-1:111122223334:key/abc", false},
           {"", false},
       }) {
    EXPECT_EQ(matches_arn(pattern, kKey), matches) << pattern;
  }
  EXPECT_TRUE(matches_arn("arn:a:b:c:d:e*", "arn:a:b:c:d:e:f:g"));  // colons of the last part are its own
  EXPECT_FALSE(matches_arn("?", "abc"));
  EXPECT_FALSE(matches_arn("abc", "abc"));
}

TEST(MatchTest, an_account_is_twelve_digits_or_its_root) {
  EXPECT_EQ(account_of("111122223333"), "111122223333");
  EXPECT_EQ(account_of("arn:aws:iam::111122223333:root"), "111122223333");
  EXPECT_EQ(account_of("arn:aws-us-gov:iam::111122223333:root"), "111122223333");
  for (const std::string_view other :
       {"", "11112222333", "1111222233334", "11112222333x", "arn:aws:iam::111122223333:role/root",
        "arn:aws:iam::111122223333:roots", "arn:aws:iam::1111222233:root", "arn:aws:sts::111122223333:root",
        "arn:aws:iam:us-east-1:111122223333:root", "xrn:aws:iam::111122223333:root"}) {
    EXPECT_EQ(account_of(other), "") << other;
  }
}

}  // namespace
}  // namespace nes::policy

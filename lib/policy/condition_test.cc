// Every condition operator, beside what it must not accept.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/evaluate.h"

namespace nes::policy {
namespace {

using Values = std::vector<std::string>;

// What `name` (an operator as a policy writes it) says of a request whose key `k` has `found`.
Truth tell(const std::string& name, const std::string& wanted_json, const Values& found) {
  const auto policy =
      parse(R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{")" +
            name + R"(":{"k":)" + wanted_json + "}}}}");
  EXPECT_TRUE(policy.ok()) << name;
  Context context;
  for (const std::string& value : found) context.add("K", value);
  return holds(policy->statements[0].conditions[0], context);
}
bool yes(const std::string& name, const std::string& wanted_json, const Values& found) {
  return tell(name, wanted_json, found) == Truth::kYes;
}

TEST(ConditionTest, string_equals_compares_every_byte) {
  EXPECT_TRUE(yes("StringEquals", R"("abc")", {"abc"}));
  EXPECT_TRUE(yes("StringEquals", R"(["x","abc"])", {"abc"}));
  for (const char* other : {"ABC", "ab", "abcd", ""}) EXPECT_FALSE(yes("StringEquals", R"("abc")", {other}));
  EXPECT_FALSE(yes("StringEquals", R"("a*")", {"abc"}));  // no pattern
  EXPECT_TRUE(yes("StringEquals", R"("a*")", {"a*"}));
  EXPECT_FALSE(yes("StringEquals", R"("abc")", {}));
}

TEST(ConditionTest, string_not_equals_wants_none_of_the_values) {
  EXPECT_FALSE(yes("StringNotEquals", R"("abc")", {"abc"}));
  EXPECT_FALSE(yes("StringNotEquals", R"(["x","abc"])", {"abc"}));
  EXPECT_TRUE(yes("StringNotEquals", R"(["x","y"])", {"abc"}));
  EXPECT_TRUE(yes("StringNotEquals", R"("abc")", {"ABC"}));
}

TEST(ConditionTest, case_is_ignored_only_by_the_operators_that_say_so) {
  EXPECT_TRUE(yes("StringEqualsIgnoreCase", R"("aBc")", {"AbC"}));
  EXPECT_FALSE(yes("StringEqualsIgnoreCase", R"("abc")", {"abd"}));
  EXPECT_FALSE(yes("StringEqualsIgnoreCase", R"("abc")", {}));
  EXPECT_FALSE(yes("StringNotEqualsIgnoreCase", R"("aBc")", {"AbC"}));
  EXPECT_TRUE(yes("StringNotEqualsIgnoreCase", R"("abc")", {"abd"}));
}

TEST(ConditionTest, string_like_takes_patterns_and_minds_case) {
  EXPECT_TRUE(yes("StringLike", R"("a*d?")", {"abcde"}));
  EXPECT_FALSE(yes("StringLike", R"("a*d?")", {"abcd"}));
  EXPECT_FALSE(yes("StringLike", R"("A*")", {"abc"}));
  EXPECT_FALSE(yes("StringLike", R"("*")", {}));  // even the widest pattern needs something
  EXPECT_FALSE(yes("StringNotLike", R"("a*")", {"abc"}));
  EXPECT_TRUE(yes("StringNotLike", R"("b*")", {"abc"}));
}

TEST(ConditionTest, arn_operators_compare_part_by_part) {
  const std::string arn = "arn:aws:iam::111122223333:role/a";
  for (const char* name : {"ArnEquals", "ArnLike"}) {
    EXPECT_TRUE(yes(name, R"("arn:aws:iam::111122223333:role/a")", {arn}));
    EXPECT_TRUE(yes(name, R"("arn:aws:iam::*:role/?")", {arn}));
    EXPECT_FALSE(yes(name, R"("arn:aws:*role/a")", {arn}));
    EXPECT_FALSE(yes(name, R"("arn:aws:iam::111122223333:role/b")", {arn}));
    EXPECT_FALSE(yes(name, R"("arn:aws:iam::111122223333:role/a")", {}));
  }
  for (const char* name : {"ArnNotEquals", "ArnNotLike"}) {
    EXPECT_FALSE(yes(name, R"("arn:aws:iam::*:role/?")", {arn}));
    EXPECT_TRUE(yes(name, R"("arn:aws:iam::*:user/?")", {arn}));
  }
}

TEST(ConditionTest, bool_compares_true_and_false) {
  EXPECT_TRUE(yes("Bool", R"("true")", {"true"}));
  EXPECT_TRUE(yes("Bool", "true", {"true"}));
  EXPECT_FALSE(yes("Bool", "true", {"false"}));
  EXPECT_TRUE(yes("Bool", R"("False")", {"false"}));
  EXPECT_FALSE(yes("Bool", "true", {}));
  EXPECT_FALSE(yes("Bool", "false", {}));
}

TEST(ConditionTest, null_asks_whether_the_key_is_there) {
  EXPECT_TRUE(yes("Null", "true", {}));
  EXPECT_FALSE(yes("Null", "true", {"x"}));
  EXPECT_TRUE(yes("Null", "false", {"x"}));
  EXPECT_FALSE(yes("Null", "false", {}));
  EXPECT_TRUE(yes("Null", "false", {"x", "y"}));
}

TEST(ConditionTest, negated_operators_hold_for_an_absent_key_and_others_do_not) {
  for (const char* name :
       {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike"})
    EXPECT_TRUE(yes(name, R"("*")", {})) << name;
  for (const char* name : {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"})
    EXPECT_EQ(tell(name, R"("*")", {}), Truth::kNo) << name;
}

TEST(ConditionTest, if_exists_forgives_absence_and_nothing_else) {
  for (const char* name :
       {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike", "StringNotEquals"})
    EXPECT_TRUE(yes(name + std::string("IfExists"), R"("v")", {})) << name;
  EXPECT_TRUE(yes("BoolIfExists", "true", {}));
  EXPECT_TRUE(yes("NumericLessThanIfExists", "7", {}));
  EXPECT_FALSE(yes("StringEqualsIfExists", R"("v")", {"w"}));
  EXPECT_TRUE(yes("StringEqualsIfExists", R"("v")", {"v"}));
  EXPECT_FALSE(yes("BoolIfExists", "true", {"false"}));
}

TEST(ConditionTest, for_any_value_wants_one_of_the_requests_values_to_match) {
  EXPECT_TRUE(yes("ForAnyValue:StringEquals", R"(["a","b"])", {"x", "b"}));
  EXPECT_FALSE(yes("ForAnyValue:StringEquals", R"(["a","b"])", {"x", "y"}));
  EXPECT_FALSE(yes("ForAnyValue:StringEquals", R"("a")", {}));
  EXPECT_TRUE(yes("ForAnyValue:StringNotEquals", R"("a")", {"a", "b"}));
  EXPECT_FALSE(yes("ForAnyValue:StringNotEquals", R"("a")", {"a"}));
  EXPECT_FALSE(yes("ForAnyValue:StringNotEquals", R"("a")", {}));
}

TEST(ConditionTest, for_all_values_wants_every_one_of_them_and_takes_none_at_all) {
  EXPECT_TRUE(yes("ForAllValues:StringEquals", R"(["a","b"])", {"a", "b", "a"}));
  EXPECT_FALSE(yes("ForAllValues:StringEquals", R"(["a","b"])", {"a", "c"}));
  EXPECT_TRUE(yes("ForAllValues:StringEquals", R"("a")", {}));
  EXPECT_TRUE(yes("ForAllValues:StringNotLike", R"("a*")", {"b", "c"}));
  EXPECT_FALSE(yes("ForAllValues:StringNotLike", R"("a*")", {"b", "ab"}));
}

TEST(ConditionTest, several_values_without_a_quantifier_are_undecided) {
  EXPECT_EQ(tell("StringEquals", R"("a")", {"a", "b"}), Truth::kUndecided);
  EXPECT_EQ(tell("StringNotEquals", R"("c")", {"a", "b"}), Truth::kUndecided);
}

TEST(ConditionTest, operators_that_are_not_evaluated_and_variables_are_undecided) {
  EXPECT_EQ(tell("NumericEquals", "1", {"1"}), Truth::kUndecided);
  EXPECT_EQ(tell("NumericEquals", "1", {}), Truth::kUndecided);
  EXPECT_EQ(tell("DateLessThan", R"("2030-01-01T00:00:00Z")", {"2026-01-01T00:00:00Z"}), Truth::kUndecided);
  EXPECT_EQ(tell("IpAddress", R"("0.0.0.0/0")", {"10.0.0.1"}), Truth::kUndecided);
  EXPECT_EQ(tell("StringLike", R"("${aws:username}")", {"a"}), Truth::kUndecided);
  EXPECT_EQ(tell("StringNotLike", R"(["x","${*}"])", {"a"}), Truth::kUndecided);
  EXPECT_EQ(tell("StringLike", R"("$a")", {"$a"}), Truth::kYes);
}

TEST(ConditionTest, names_of_condition_keys_have_no_case) {
  Context context;
  context.add("kms:RecipientAttestation:PCR0", "ab");
  EXPECT_NE(context.find("KMS:recipientattestation:pcr0"), nullptr);
  EXPECT_EQ(context.find("kms:RecipientAttestation:PCR1"), nullptr);
}

}  // namespace
}  // namespace nes::policy

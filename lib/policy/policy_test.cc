#include "policy/policy.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::policy {
namespace {

// The statement of "Enclave build and deployment design", with an account and a PCR0 filled in.
constexpr std::string_view kSeedStatement = R"({
  "Sid": "AllowNitroEnclaveDecrypt",
  "Effect": "Allow",
  "Principal": {
    "AWS": "arn:aws:iam::111122223333:role/ec2-enclave-node-role"
  },
  "Action": "kms:Decrypt",
  "Resource": "*",
  "Condition": {
    "StringEqualsIgnoreCase": {
      "kms:RecipientAttestation:PCR0": "abcd"
    }
  }
})";

std::string policy_of(std::string_view statements) {
  return R"({"Version":"2012-10-17","Statement":)" + std::string(statements) + "}";
}
// A statement that is right but for what `members` add to it or leave out.
std::string with(std::string_view members) { return policy_of("{" + std::string(members) + "}"); }

std::string reason_of(std::string_view text) {
  const auto parsed = parse(text);
  return parsed.ok() ? "parsed" : std::string(parsed.error().reason.view());
}

TEST(PolicyTest, reads_the_statement_of_the_design_page) {
  const auto parsed = parse(policy_of(kSeedStatement));
  ASSERT_TRUE(parsed.ok()) << parsed.error().reason.view();
  EXPECT_EQ(parsed->version, "2012-10-17");
  ASSERT_EQ(parsed->statements.size(), 1U);
  const Statement& statement = parsed->statements[0];
  EXPECT_EQ(statement.sid, "AllowNitroEnclaveDecrypt");
  EXPECT_EQ(statement.effect, Effect::kAllow);
  EXPECT_FALSE(statement.principals.all_but);
  ASSERT_EQ(statement.principals.items.size(), 1U);
  EXPECT_EQ(statement.principals.items[0],
            (Principal{PrincipalType::kAws, "arn:aws:iam::111122223333:role/ec2-enclave-node-role"}));
  EXPECT_EQ(statement.actions.items, std::vector<std::string>{"kms:Decrypt"});
  EXPECT_EQ(statement.resources.items, std::vector<std::string>{"*"});
  ASSERT_EQ(statement.conditions.size(), 1U);
  EXPECT_EQ(statement.conditions[0].test, Operator::kStringEqualsIgnoreCase);
  EXPECT_EQ(statement.conditions[0].key, "kms:RecipientAttestation:PCR0");
  EXPECT_EQ(statement.conditions[0].values, std::vector<std::string>{"abcd"});
  EXPECT_EQ(statement.line, 1U);
}

TEST(PolicyTest, takes_one_statement_or_a_list_and_says_where_each_begins) {
  const auto parsed =
      parse(policy_of("[\n" + std::string(kSeedStatement) + ",\n" + std::string(kSeedStatement) + "]"));
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->statements.size(), 2U);
  EXPECT_EQ(parsed->statements[0].line, 2U);
  EXPECT_EQ(parsed->statements[1].line, 16U);
}

TEST(PolicyTest, reads_every_form_of_a_principal) {
  const auto principals = [](std::string_view json) {
    auto parsed =
        parse(with(R"("Effect":"Deny","Action":"*","Resource":"*","Principal":)" + std::string(json)));
    return parsed.ok() ? parsed->statements[0].principals.items : std::vector<Principal>();
  };
  EXPECT_EQ(principals(R"("*")"), (std::vector<Principal>{{PrincipalType::kEveryone, "*"}}));
  EXPECT_EQ(principals(R"({"AWS":"*"})"), (std::vector<Principal>{{PrincipalType::kAws, "*"}}));
  EXPECT_EQ(principals(R"({"AWS":["111122223333","arn:aws:iam::111122223333:root","AROAABCDEFGHIJKLMNOPQ"]})")
                .size(),
            3U);
  EXPECT_EQ(principals(R"({"Service":"logs.amazonaws.com","AWS":"111122223333"})"),
            (std::vector<Principal>{{PrincipalType::kService, "logs.amazonaws.com"},
                                    {PrincipalType::kAws, "111122223333"}}));
  EXPECT_EQ(principals(R"({"Federated":"cognito-identity.amazonaws.com"})").size(), 1U);
  for (const std::string_view wrong :
       {R"("111122223333")", R"({})", R"({"AWS":[]})", R"({"AWS":""})", R"({"AWS":"1111"})",
        R"({"AWS":"alice"})", R"({"AWS":"arn:aws:iam::111122223333:role/*"})",
        R"({"AWS":"arn:aws:iam::1111?2223333:root"})", R"({"aws":"*"})", R"({"Service":"*"})",
        R"({"AWS":{"a":"b"}})", R"({"AWS":[["*"]]})", "null", "[]", R"({"AWS":"*","AWS":"*"})"}) {
    EXPECT_TRUE(principals(wrong).empty()) << wrong;
  }
}

TEST(PolicyTest, keeps_the_not_forms_apart) {
  const auto parsed = parse(with(
      R"("Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":["kms:Decrypt"],"NotResource":"*")"));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->statements[0].principals.all_but);
  EXPECT_TRUE(parsed->statements[0].actions.all_but);
  EXPECT_TRUE(parsed->statements[0].resources.all_but);
}

TEST(PolicyTest, refuses_statements_that_lack_a_part_or_have_it_twice) {
  EXPECT_EQ(reason_of(with(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*")")), "parsed");
  EXPECT_EQ(reason_of(with(R"("Principal":"*","Action":"*","Resource":"*")")), "a statement has no effect");
  EXPECT_EQ(reason_of(with(R"("Effect":"Allow","Action":"*","Resource":"*")")),
            "a statement has no principal");
  EXPECT_EQ(reason_of(with(R"("Effect":"Allow","Principal":"*","Resource":"*")")),
            "a statement has no action");
  EXPECT_EQ(reason_of(with(R"("Effect":"Allow","Principal":"*","Action":"*")")),
            "a statement has no resource");
  EXPECT_EQ(
      reason_of(with(R"("Effect":"Allow","Principal":"*","Action":"*","NotAction":"*","Resource":"*")")),
      "an element and its Not form are both there");
  EXPECT_EQ(
      reason_of(with(R"("Effect":"Allow","Effect":"Allow","Principal":"*","Action":"*","Resource":"*")")),
      "a key is repeated");
  EXPECT_EQ(reason_of(with(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Comment":"x")")),
            "a statement has an unknown element");
  EXPECT_EQ(reason_of(with(R"("effect":"Allow","Principal":"*","Action":"*","Resource":"*")")),
            "a statement has an unknown element");
  EXPECT_EQ(reason_of(with(R"("Effect":"allow","Principal":"*","Action":"*","Resource":"*")")),
            "an effect is neither Allow nor Deny");
  EXPECT_EQ(reason_of(with(R"("NotEffect":"Allow","Principal":"*","Action":"*","Resource":"*")")),
            "a statement has an unknown element");
}

TEST(PolicyTest, refuses_actions_and_resources_of_no_known_form) {
  const auto parses = [](std::string_view action, std::string_view resource) {
    return parse(with(R"("Effect":"Allow","Principal":"*","Action":)" + std::string(action) +
                      R"(,"Resource":)" + std::string(resource)))
        .ok();
  };
  EXPECT_TRUE(parses(R"(["kms:*","*","KMS:decrypt"])", R"(["*","arn:aws:kms:*:*:key/*"])"));
  for (const std::string_view wrong : {R"("Decrypt")", R"("kms:")", R"(":Decrypt")", R"("kms:a:b")", R"("")",
                                       "[]", "1", "true", "null", R"(["kms:*",1])", R"([["kms:*"]])", "{}"})
    EXPECT_FALSE(parses(wrong, R"("*")")) << wrong;
  for (const std::string_view wrong : {R"("key/abc")", R"("")", "[]", R"("arn:aws:kms")", R"("**")"})
    EXPECT_FALSE(parses(R"("kms:*")", wrong)) << wrong;
}

TEST(PolicyTest, knows_the_operators_of_aws_and_refuses_others) {
  const auto operator_of = [](std::string_view name, std::string_view value = R"("true")") {
    return parse(with(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{")" +
                      std::string(name) + R"(":{"aws:x":)" + std::string(value) + "}}"));
  };
  const auto full = operator_of("ForAnyValue:StringLikeIfExists");
  ASSERT_TRUE(full.ok());
  const Condition& condition = full->statements[0].conditions[0];
  EXPECT_EQ(condition.test, Operator::kStringLike);
  EXPECT_EQ(condition.quantifier, Quantifier::kForAnyValue);
  EXPECT_TRUE(condition.if_exists);
  EXPECT_EQ(condition.operator_name, "ForAnyValue:StringLikeIfExists");
  for (const std::string_view known :
       {"StringEquals", "StringNotLikeIfExists", "ForAllValues:ArnNotLike", "Bool", "BoolIfExists", "Null",
        "NumericLessThan", "DateGreaterThanEquals", "IpAddress"})
    EXPECT_TRUE(operator_of(known).ok()) << known;
  for (const std::string_view unknown :
       {"", "stringEquals", "StringEqual", "IfExists", "StringEqualsIfexists", "NullIfExists",
        "ForAnyValue:Null", "ForAnyValue:", "ForSomeValue:StringLike", "ForAnyValue:ForAllValues:StringLike",
        "StringLikeIfExistsIfExists"})
    EXPECT_FALSE(operator_of(unknown).ok()) << unknown;
  EXPECT_EQ(operator_of("StringEquals", R"([true, false, 12.50, "x"])")->statements[0].conditions[0].values,
            (std::vector<std::string>{"true", "false", "12.50", "x"}));
  for (const std::string_view wrong : {"null", "[]", "{}", "[null]", "[[1]]"})
    EXPECT_FALSE(operator_of("StringEquals", wrong).ok()) << wrong;
  for (const std::string_view logical : {"Bool", "Null"}) {
    EXPECT_TRUE(operator_of(logical, "false").ok());
    EXPECT_FALSE(operator_of(logical, R"("yes")").ok());
    EXPECT_FALSE(operator_of(logical, R"(["true",""])").ok());
  }
}

TEST(PolicyTest, refuses_conditions_that_repeat_a_key_or_compare_nothing) {
  const auto reason = [](std::string_view condition) {
    return reason_of(with(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":)" +
                          std::string(condition)));
  };
  EXPECT_EQ(reason(R"({"StringEquals":{"a":"1","b":"2"},"Null":{"c":true}})"), "parsed");
  EXPECT_EQ(reason(R"({"StringEquals":{"a":"1","a":"2"}})"), "a key is repeated");
  EXPECT_EQ(reason(R"({"StringEquals":{"a":"1","A":"2"}})"), "a condition key is repeated");
  EXPECT_EQ(reason(R"({"StringEquals":{"a":"1"},"StringEquals":{"b":"1"}})"), "a key is repeated");
  EXPECT_EQ(reason(R"({"StringEquals":{}})"), "a condition compares nothing");
  EXPECT_EQ(reason(R"({"StringEquals":"a"})"), "what a condition compares is no object");
  EXPECT_EQ(reason(R"([])"), "the conditions are no object");
}

TEST(PolicyTest, refuses_documents_that_are_no_policy) {
  const std::string good(kSeedStatement);
  EXPECT_TRUE(parse(R"({"Statement":)" + good + "}").ok());
  EXPECT_EQ(parse(R"({"Statement":)" + good + "}")->version, "2008-10-17");
  EXPECT_EQ(reason_of(R"({"Version":"2012-10-18","Statement":)" + good + "}"), "a version is unknown");
  EXPECT_EQ(reason_of(R"({"Version":"2012-10-17"})"), "a policy has no statement");
  EXPECT_EQ(reason_of(policy_of("[]")), "a policy has no statement");
  EXPECT_EQ(reason_of(policy_of("[1]")), "a statement is no object");
  EXPECT_EQ(reason_of(R"({"Statements":)" + good + "}"), "a policy has an unknown element");
  EXPECT_EQ(reason_of(R"({"Statement":)" + good + R"(,"Statement":)" + good + "}"), "a key is repeated");
  EXPECT_EQ(reason_of("[]"), "a policy is no object");
  for (const std::string& text :
       {std::string(), std::string("{"), policy_of(good) + "x", policy_of(good) + "{}"}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformedJson) << text;
  }
}

TEST(PolicyTest, says_in_which_line_it_stopped) {
  const auto parsed = parse("{\"Statement\":\n{\n\"Effect\": \"Maybe\"}}");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().position, 3U);
}

TEST(PolicyTest, has_the_size_limit_of_kms) {
  std::string text = policy_of(kSeedStatement);
  text += std::string(limits::kPolicyBytes - text.size(), ' ');
  EXPECT_TRUE(parse(text).ok());
  const auto parsed = parse(text + " ");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::policy

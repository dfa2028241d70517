#include "policy/evaluate.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace nes::policy {
namespace {

const std::string kAccount = "111122223333";
const std::string kRole = "arn:aws:iam::111122223333:role/ec2-enclave-node-role";
const std::string kSession =
    "arn:aws:sts::111122223333:assumed-role/ec2-enclave-node-role/i-0123456789abcdef0";
const std::string kKey = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const Identity kCaller{kSession, kRole, kAccount};
const std::string kPcr0(96, 'a');

Policy policy_of(const std::string& statements) {
  auto parsed = parse(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}");
  EXPECT_TRUE(parsed.ok()) << statements;
  return parsed.ok() ? std::move(parsed).value() : Policy{};
}

// A statement about kms:Decrypt, with the rest given.
std::string statement(std::string_view effect, std::string_view principal, std::string_view more = "") {
  return R"({"Effect":")" + std::string(effect) + R"(","Action":"kms:Decrypt","Resource":"*",)" +
         std::string(principal) + std::string(more) + "}";
}
constexpr std::string_view kEveryone = R"("Principal":"*")";

Decision decide(const std::string& statements, const Identity& caller = kCaller,
                const std::vector<std::pair<std::string, std::string>>& context = {}) {
  Request request{caller, "kms:Decrypt", kKey};
  for (const auto& [name, value] : context) request.context.add(name, value);
  return evaluate(policy_of(statements), request);
}
bool allows(const std::string& statements, const Identity& caller = kCaller,
            const std::vector<std::pair<std::string, std::string>>& context = {}) {
  return decide(statements, caller, context).outcome == Outcome::kAllowed;
}

// The statement of "Enclave build and deployment design".
const std::string kSeed = R"({"Sid": "AllowNitroEnclaveDecrypt", "Effect": "Allow",
  "Principal": {"AWS": "arn:aws:iam::111122223333:role/ec2-enclave-node-role"},
  "Action": "kms:Decrypt", "Resource": "*",
  "Condition": {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:PCR0": ")" +
                          kPcr0 + R"("}}})";

TEST(EvaluateTest, the_designs_statement_opens_for_its_pcr0_alone) {
  EXPECT_TRUE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:PCR0", kPcr0}}));
  EXPECT_TRUE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:PCR0", std::string(96, 'A')}}));
  EXPECT_FALSE(allows(kSeed));
  EXPECT_FALSE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:PCR1", kPcr0}}));
  EXPECT_FALSE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:ImageSha384", kPcr0}}));
  EXPECT_FALSE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:PCR0", std::string(96, '0')}}));
  EXPECT_FALSE(allows(kSeed, kCaller, {{"kms:RecipientAttestation:PCR0", kPcr0.substr(1)}}));
  EXPECT_FALSE(allows(
      kSeed, {"arn:aws:iam::111122223333:user/other", "arn:aws:iam::111122223333:user/other", kAccount},
      {{"kms:RecipientAttestation:PCR0", kPcr0}}));
  Request other{kCaller, "kms:GenerateDataKey", kKey};
  other.context.add("kms:RecipientAttestation:PCR0", kPcr0);
  EXPECT_EQ(evaluate(policy_of(kSeed), other).outcome, Outcome::kNotAllowed);
}

TEST(EvaluateTest, a_second_allow_without_the_condition_defeats_the_first) {
  const Decision decision = decide(kSeed + "," + statement("Allow", R"("Principal":{"AWS":"111122223333"})"));
  EXPECT_EQ(decision.outcome, Outcome::kAllowed);
  EXPECT_EQ(decision.statement, 1U);
}

TEST(EvaluateTest, a_deny_beats_every_allow_wherever_it_stands) {
  const std::string allow = statement("Allow", kEveryone);
  const std::string deny = statement("Deny", kEveryone);
  EXPECT_TRUE(allows(allow));
  EXPECT_EQ(decide(allow + "," + deny).outcome, Outcome::kDenied);
  EXPECT_EQ(decide(allow + "," + deny).statement, 1U);
  EXPECT_EQ(decide(deny + "," + allow).statement, 0U);
  EXPECT_EQ(decide(deny).outcome, Outcome::kDenied);
}

TEST(EvaluateTest, without_a_statement_that_applies_nothing_decides) {
  const Decision decision = decide(statement("Allow", R"("Principal":{"AWS":"444455556666"})"));
  EXPECT_EQ(decision.outcome, Outcome::kNotAllowed);
  EXPECT_FALSE(decision.statement.has_value());
}

TEST(EvaluateTest, a_session_answers_to_its_own_name_its_role_and_its_account) {
  const auto by = [](const std::string& principal) {
    return allows(statement("Allow", R"("Principal":{"AWS":")" + principal + R"("})"));
  };
  for (const std::string& name :
       {kSession, kRole, kAccount, std::string("arn:aws:iam::111122223333:root"), std::string("*")})
    EXPECT_TRUE(by(name)) << name;
  for (const char* other : {"arn:aws:iam::111122223333:role/EC2-enclave-node-role",
                            "arn:aws:iam::111122223333:role/ec2-enclave-node",
                            "arn:aws:iam::111122223333:user/ec2-enclave-node-role",
                            "arn:aws:iam::444455556666:role/ec2-enclave-node-role",
                            "arn:aws:sts::111122223333:assumed-role/ec2-enclave-node-role/i-0",
                            "444455556666", "arn:aws:iam::444455556666:root", "AROAABCDEFGHIJKLMNOPQ"})
    EXPECT_FALSE(by(other)) << other;
}

TEST(EvaluateTest, services_and_federated_users_are_nobody_here) {
  EXPECT_FALSE(allows(statement("Allow", R"("Principal":{"Service":"ec2.amazonaws.com"})")));
  EXPECT_FALSE(allows(statement("Allow", R"("Principal":{"Federated":"accounts.google.com"})")));
  EXPECT_FALSE(allows(statement("Allow", R"("Principal":{"CanonicalUser":"111122223333"})")));
}

TEST(EvaluateTest, an_allow_for_all_but_some_leaves_out_who_is_listed_by_any_name) {
  const auto without = [](const std::string& principal) {
    return allows(statement("Allow", R"("NotPrincipal":{"AWS":)" + principal + "}"));
  };
  EXPECT_TRUE(without(R"("444455556666")"));
  for (const std::string& name : {kSession, kRole, kAccount}) EXPECT_FALSE(without('"' + name + '"')) << name;
  EXPECT_FALSE(without(R"("*")"));
}

TEST(EvaluateTest, a_deny_for_all_but_some_spares_who_is_listed_by_every_name) {
  const auto denied = [](const std::vector<std::string>& spared) {
    std::string list;
    for (const std::string& name : spared) list += (list.empty() ? "\"" : ",\"") + name + '"';
    return decide(statement("Deny", R"("NotPrincipal":{"AWS":[)" + list + "]}")).outcome == Outcome::kDenied;
  };
  EXPECT_FALSE(denied({kSession, kRole, kAccount}));
  EXPECT_FALSE(denied({kRole, "arn:aws:iam::111122223333:root", kSession, "444455556666"}));
  EXPECT_TRUE(denied({kRole, kAccount}));
  EXPECT_TRUE(denied({kSession, kAccount}));
  EXPECT_TRUE(denied({kSession, kRole}));
  EXPECT_TRUE(denied({kAccount}));
}

TEST(EvaluateTest, actions_are_patterns_without_case) {
  const auto covers = [](const std::string& element) {
    const Policy policy = policy_of(R"({"Effect":"Allow","Principal":"*","Resource":"*",)" + element + "}");
    return covers_action(policy.statements.at(0), "kms:Decrypt");
  };
  for (const char* action : {"kms:Decrypt", "KMS:decrypt", "kms:*", "*", "kms:De*", "kms:?ecrypt", "k*:D*t"})
    EXPECT_TRUE(covers(R"("Action":")" + std::string(action) + '"')) << action;
  for (const char* action : {"kms:Encrypt", "kms:Decrypt?", "kms:Decryp", "s3:*", "kms:DecryptX*"})
    EXPECT_FALSE(covers(R"("Action":")" + std::string(action) + '"')) << action;
  EXPECT_TRUE(covers(R"("Action":["kms:Encrypt","kms:Decrypt"])"));
  EXPECT_TRUE(covers(R"("NotAction":"kms:Encrypt")"));
  EXPECT_FALSE(covers(R"("NotAction":["kms:Encrypt","kms:D*"])"));
  EXPECT_FALSE(covers(R"("NotAction":"*")"));
}

TEST(EvaluateTest, resources_are_patterns_of_arns) {
  const auto covers = [](const std::string& element, std::string_view effect = "Allow") {
    const Policy policy = policy_of(R"({"Effect":")" + std::string(effect) +
                                    R"(","Principal":"*","Action":"kms:*",)" + element + "}");
    return covers_resource(policy.statements.at(0), kKey);
  };
  EXPECT_TRUE(covers(R"("Resource":"*")"));
  EXPECT_TRUE(covers(R"("Resource":")" + kKey + '"'));
  EXPECT_TRUE(covers(R"("Resource":["arn:aws:kms:eu-west-1:111122223333:key/*","arn:aws:kms:*:*:key/*"])"));
  EXPECT_FALSE(covers(R"("Resource":"arn:aws:kms:us-east-1:111122223333:alias/*")"));
  EXPECT_FALSE(covers(R"("NotResource":"*")"));
  EXPECT_TRUE(covers(R"("NotResource":"arn:aws:kms:us-east-1:111122223333:alias/*")"));
  const std::string variable = R"(arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/*")";
  EXPECT_FALSE(covers(R"("Resource":")" + variable));
  EXPECT_FALSE(covers(R"("NotResource":")" + variable));
  EXPECT_TRUE(covers(R"("Resource":")" + variable, "Deny"));
}

TEST(EvaluateTest, all_conditions_of_a_statement_must_hold) {
  const std::string both = statement(
      "Allow", kEveryone, R"(,"Condition":{"StringEquals":{"a":"1","b":"2"},"StringLike":{"c":"3*"}})");
  EXPECT_TRUE(allows(both, kCaller, {{"a", "1"}, {"b", "2"}, {"c", "33"}}));
  EXPECT_FALSE(allows(both, kCaller, {{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(allows(both, kCaller, {{"a", "1"}, {"b", "3"}, {"c", "33"}}));
}

TEST(EvaluateTest, what_cannot_be_decided_neither_opens_an_allow_nor_lifts_a_deny) {
  const std::string_view undecided = R"(,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})";
  EXPECT_FALSE(allows(statement("Allow", kEveryone, undecided)));
  EXPECT_EQ(decide(statement("Allow", kEveryone) + "," + statement("Deny", kEveryone, undecided)).outcome,
            Outcome::kDenied);
  // One condition that does not hold settles it.
  const std::string_view settled =
      R"(,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringEquals":{"a":"1"}})";
  EXPECT_TRUE(allows(statement("Allow", kEveryone) + "," + statement("Deny", kEveryone, settled)));
}

TEST(EvaluateTest, a_deny_unless_attested_closes_what_the_account_may_do) {
  const std::string policy =
      statement("Allow", R"("Principal":{"AWS":"111122223333"})") + "," +
      statement("Deny", kEveryone,
                R"(,"Condition":{"StringNotEqualsIgnoreCase":{"kms:RecipientAttestation:ImageSha384":")" +
                    kPcr0 + R"("}})");
  EXPECT_FALSE(allows(policy));  // without a Recipient the key is absent, and a negated operator holds
  EXPECT_FALSE(allows(policy, kCaller, {{"kms:RecipientAttestation:ImageSha384", std::string(96, 'b')}}));
  EXPECT_TRUE(allows(policy, kCaller, {{"kms:RecipientAttestation:ImageSha384", kPcr0}}));
}

}  // namespace
}  // namespace nes::policy

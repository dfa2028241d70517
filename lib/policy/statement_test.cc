#include "policy/statement.h"

#include <string>

#include <gtest/gtest.h>

#include "policy/audit.h"
#include "policy/policy.h"

namespace nes::policy {
namespace {

const std::string kRole = "arn:aws:iam::111122223333:role/ec2-enclave-node-role";
const std::string kAdmin = "arn:aws:iam::111122223333:role/key-admin";
const std::string kPcr0(96, 'a');
const std::string kNext(96, 'b');

TEST(StatementTest, is_the_designs_statement) {
  EXPECT_EQ(write_statement(kRole, {std::string(96, 'A')}), R"({
  "Sid": "AllowNitroEnclaveDecrypt",
  "Effect": "Allow",
  "Principal": {
    "AWS": "arn:aws:iam::111122223333:role/ec2-enclave-node-role"
  },
  "Action": "kms:Decrypt",
  "Resource": "*",
  "Condition": {
    "StringEqualsIgnoreCase": {
      "kms:RecipientAttestation:PCR0": ")" + kPcr0 + R"("
    }
  }
})");
}

TEST(StatementTest, a_whole_policy_has_nothing_to_find_until_somebody_is_not_named) {
  const std::string text =
      write_policy({kRole, {kPcr0, kNext}, {kAdmin}, {kRole + "-importer"}, {kRole + "-operator"}});
  const auto policy = parse(text);
  ASSERT_TRUE(policy.ok()) << text;
  EXPECT_EQ(policy->statements.size(), 4U);
  const auto count = [&](const Intent& intent) { return audit(*policy, {}, intent).size(); };
  EXPECT_EQ(count({{kPcr0, kNext}, {kRole + "-importer"}, {kAdmin}}), 0U);
  EXPECT_EQ(count({{kPcr0, kNext}, {}, {kAdmin}}), 1U);
  EXPECT_EQ(count({{kPcr0, kNext}, {kRole + "-importer"}, {}}), 1U);
  EXPECT_EQ(count({{kPcr0}, {kRole + "-importer"}, {kAdmin}}), 1U);
}

TEST(StatementTest, puts_the_statement_in_place_and_leaves_every_other_byte) {
  const std::string other = R"({ "Sid" : "O\"}]", "Effect":"Allow","Principal":{"AWS":["111122223333"]},
    "Action":"kms:DescribeKey" , "Resource":"*"})";
  const std::string before = " {\"Id\":\"[{\", \"Statement\" : [ " + other + " , ";
  const std::string after = "\n , " + other + "], \"Version\":\"2012-10-17\"}\n";
  const auto replaced =
      put_statement(before + write_statement(kRole, {kPcr0}) + after, write_statement(kRole, {kNext}));
  ASSERT_TRUE(replaced.ok());
  EXPECT_EQ(*replaced, before + write_statement(kRole, {kNext}) + after);
}

TEST(StatementTest, adds_the_statement_behind_the_last_one) {
  const std::string other = R"({"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"})";
  EXPECT_EQ(put_statement(R"({"Statement":[)" + other + "]}", write_statement(kRole, {kPcr0})).value(),
            R"({"Statement":[)" + other + ", " + write_statement(kRole, {kPcr0}) + "]}");
  EXPECT_EQ(put_statement(R"({"Statement":)" + other + "}", write_statement(kRole, {kPcr0})).value(),
            R"({"Statement":[)" + other + ", " + write_statement(kRole, {kPcr0}) + "]}");
}

TEST(StatementTest, refuses_what_it_could_only_guess) {
  const std::string one = write_statement(kRole, {kPcr0});
  EXPECT_FALSE(put_statement("{\"Statement\":[" + one + "," + one + "]}", one).ok());
  EXPECT_FALSE(put_statement("{\"Statement\":[]}", one).ok());
  EXPECT_FALSE(put_statement("", one).ok());
  EXPECT_FALSE(put_statement("{\"State\\u006dent\":[" + one + "]}", one).ok());
  EXPECT_FALSE(
      put_statement(R"({"Statement":{"Sid":"AllowNitroEnclaveDecrypt","Effect":"Deny","Principal":"*",
    "Action":"kms:Encrypt","Resource":"*"}})",
                    one)
          .ok());
}

}  // namespace
}  // namespace nes::policy

#include "policy/audit.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "policy/statement.h"

namespace nes::policy {
namespace {

const std::string kRole = "arn:aws:iam::111122223333:role/ec2-enclave-node-role";
const std::string kAdmin = "arn:aws:iam::111122223333:role/key-admin";
const std::string kImporter = "arn:aws:iam::111122223333:role/importer";
const std::string kPcr0(96, 'a');
const std::string kNext(96, 'b');
const std::string kOther(96, 'c');

using Problems = std::vector<Problem>;

Policy policy_of(const std::string& statements) {
  auto parsed = parse(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}");
  EXPECT_TRUE(parsed.ok()) << statements;
  return parsed.ok() ? std::move(parsed).value() : Policy{};
}

Intent intent() { return {.pcr0s = {kPcr0}, .importers = {kImporter}, .admins = {kAdmin}}; }

std::string good() { return write_statement(kRole, {kPcr0}); }

std::string allow(const std::string& action, const std::string& principal = kRole,
                  const std::string& more = "") {
  return R"({"Effect":"Allow","Resource":"*","Principal":{"AWS":")" + principal + R"("},"Action":")" +
         action + "\"" + more + "}";
}

std::string decrypt_if(const std::string& operator_name, const std::string& value,
                       const std::string& key = "kms:RecipientAttestation:PCR0") {
  return allow("kms:Decrypt", kRole,
               R"(,"Condition":{")" + operator_name + R"(":{")" + key + R"(":")" + value + R"("}})");
}

Problems problems(const std::string& statements, const Intent& wanted = intent(),
                  const std::vector<Grant>& grants = {}) {
  Problems out;
  for (const Finding& finding : audit(policy_of(statements), grants, wanted)) {
    EXPECT_FALSE(finding.what.empty());
    EXPECT_FALSE(finding.fix.empty());
    out.push_back(finding.problem);
  }
  return out;
}
// Beside the good statement.
Problems beside(const std::string& statement) { return problems(good() + "," + statement); }

TEST(AuditTest, accepts_the_rendered_statement_and_no_other_pcr0_in_its_place) {
  EXPECT_EQ(problems(good()), Problems{});
  EXPECT_EQ(problems(write_statement(kRole, {std::string(96, 'A')})), Problems{});
  EXPECT_EQ(problems(write_statement(kRole, {kOther})),
            (Problems{Problem::kStalePcr0, Problem::kCannotDecrypt}));
}

TEST(AuditTest, accepts_two_pcr0s_during_a_rollout_if_both_are_intended) {
  const Intent both{.pcr0s = {kPcr0, kNext}};
  EXPECT_EQ(problems(write_statement(kRole, {kPcr0, kNext}), both), Problems{});
  EXPECT_EQ(problems(write_statement(kRole, {kPcr0, kNext})), Problems{Problem::kStalePcr0});
  EXPECT_EQ(problems(good(), both), Problems{Problem::kCannotDecrypt});
  EXPECT_EQ(problems(good() + "," + write_statement(kRole, {kNext}), both), Problems{});
}

TEST(AuditTest, refuses_zeros_and_values_that_are_no_pcr0) {
  const auto value = [](const std::string& text) {
    return beside(decrypt_if("StringEqualsIgnoreCase", text));
  };
  EXPECT_EQ(value(kPcr0), Problems{});
  EXPECT_EQ(value(std::string(96, '0')), Problems{Problem::kZeroPcr0});
  EXPECT_EQ(value(kPcr0.substr(1)), Problems{Problem::kNoPcr0});
  EXPECT_EQ(value(kPcr0 + "a"), Problems{Problem::kNoPcr0});
  EXPECT_EQ(value(std::string(95, 'a') + "g"), Problems{Problem::kNoPcr0});
  EXPECT_EQ(value("${aws:PrincipalTag/pcr0}"), Problems{Problem::kNoPcr0});
  EXPECT_EQ(value("PASTE_PCR0_FROM_BUILD_SUMMARY_HERE"), Problems{Problem::kNoPcr0});
}

TEST(AuditTest, accepts_the_operators_that_bind_and_no_other) {
  for (const char* name : {"StringEqualsIgnoreCase", "StringEquals", "StringLike"})
    EXPECT_EQ(beside(decrypt_if(name, kPcr0)), Problems{}) << name;
  const Problems unbound{Problem::kDoesNotBind, Problem::kWithoutAttestation};
  for (const char* name :
       {"StringEqualsIgnoreCaseIfExists", "StringEqualsIfExists", "StringLikeIfExists", "StringNotEquals",
        "StringNotEqualsIgnoreCase", "StringNotLike", "ForAnyValue:StringEquals", "ForAllValues:StringEquals",
        "ForAllValues:StringEqualsIgnoreCaseIfExists", "ArnEquals", "ArnLike", "ArnNotLike", "NumericEquals",
        "BinaryEquals", "DateEquals"})
    EXPECT_EQ(beside(decrypt_if(name, kPcr0)), unbound) << name;
  EXPECT_EQ(beside(decrypt_if("Null", "false")), unbound);
  EXPECT_EQ(beside(decrypt_if("Bool", "true")), unbound);
  for (const char* pattern : {"*", "aaaa*", "?"})
    EXPECT_EQ(beside(decrypt_if("StringLike", pattern)), unbound);
}

TEST(AuditTest, accepts_pcr0_by_both_of_its_names_and_no_other_register) {
  for (const char* key : {"kms:RecipientAttestation:PCR0", "kms:RecipientAttestation:ImageSha384",
                          "KMS:recipientattestation:pcr0"})
    EXPECT_EQ(beside(decrypt_if("StringEquals", kPcr0, key)), Problems{}) << key;
  for (const char* key : {"kms:RecipientAttestation:PCR1", "kms:RecipientAttestation:PCR2",
                          "kms:RecipientAttestation:PCR8", "kms:RecipientAttestation:PCR00"})
    EXPECT_EQ(beside(decrypt_if("StringEquals", kPcr0, key)),
              (Problems{Problem::kDoesNotBind, Problem::kWithoutAttestation}))
        << key;
  EXPECT_EQ(beside(decrypt_if("StringEquals", kPcr0, "kms:EncryptionContext:PCR0")),
            Problems{Problem::kWithoutAttestation});
}

TEST(AuditTest, a_second_condition_narrows_and_does_not_excuse) {
  const auto with = [](const std::string& conditions) {
    return beside(allow("kms:Decrypt", kRole, R"(,"Condition":{)" + conditions + "}"));
  };
  const std::string pcr0 = R"("StringEquals":{"kms:RecipientAttestation:PCR0":")" + kPcr0 + R"("})";
  EXPECT_EQ(with(pcr0 + R"(,"StringLike":{"kms:RecipientAttestation:PCR8":"*"})"), Problems{});
  EXPECT_EQ(with(pcr0 + R"(,"Bool":{"aws:SecureTransport":"true"})"), Problems{});
  EXPECT_EQ(with(R"("Bool":{"aws:SecureTransport":"true"})"), Problems{Problem::kWithoutAttestation});
  EXPECT_EQ(with(R"("StringEquals":{"aws:SourceVpce":"vpce-1"})"), Problems{Problem::kWithoutAttestation});
}

TEST(AuditTest, names_every_action_that_opens_without_the_condition) {
  for (const char* action : {"kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:GenerateDataKey",
                             "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret", "KMS:decrypt"})
    EXPECT_EQ(beside(allow(action)), Problems{Problem::kWithoutAttestation}) << action;
  for (const char* action : {"kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPairWithoutPlaintext",
                             "kms:DescribeKey", "kms:List*", "s3:*"})
    EXPECT_EQ(beside(allow(action)), Problems{}) << action;
}

TEST(AuditTest, an_administrator_is_no_excuse_for_decrypt) {
  EXPECT_EQ(beside(allow("kms:Decrypt", kAdmin)), Problems{Problem::kWithoutAttestation});
  EXPECT_EQ(beside(allow("kms:Decrypt", kImporter)), Problems{Problem::kWithoutAttestation});
}

TEST(AuditTest, only_importers_may_encrypt) {
  for (const char* action : {"kms:Encrypt", "kms:ReEncryptTo"}) {
    EXPECT_EQ(beside(allow(action, kImporter)), Problems{}) << action;
    for (const std::string& other : {kRole, kAdmin, kImporter + "2", std::string("111122223333")})
      EXPECT_EQ(beside(allow(action, other)), Problems{Problem::kImport}) << action << other;
  }
}

TEST(AuditTest, the_previous_image_may_decrypt_and_need_not) {
  Intent rollout = intent();
  rollout.previous_pcr0 = kNext;
  EXPECT_EQ(audit(policy_of(write_statement(kRole, {kPcr0, kNext})), {}, rollout).size(), 0U);
  EXPECT_EQ(audit(policy_of(good()), {}, rollout).size(), 0U);
  const auto old_alone = audit(policy_of(write_statement(kRole, {kNext})), {}, rollout);
  ASSERT_EQ(old_alone.size(), 1U);
  EXPECT_EQ(old_alone.front().problem, Problem::kCannotDecrypt);
  const auto third = audit(policy_of(write_statement(kRole, {kPcr0, kNext, kOther})), {}, rollout);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(third.front().problem, Problem::kStalePcr0);
}

TEST(AuditTest, only_administrators_may_change_the_policy_or_copy_the_key) {
  for (const char* action : {"kms:PutKeyPolicy", "kms:ReplicateKey", "kms:ImportKeyMaterial"}) {
    EXPECT_EQ(beside(allow(action, kAdmin)), Problems{}) << action;
    for (const std::string& other : {kRole, kImporter, std::string("111122223333")})
      EXPECT_EQ(beside(allow(action, other)), Problems{Problem::kAdministration}) << action << other;
  }
}

TEST(AuditTest, an_account_is_an_administrator_by_either_of_its_names) {
  Intent wanted = intent();
  wanted.admins = {"arn:aws:iam::111122223333:root"};
  for (const char* name : {"111122223333", "arn:aws:iam::111122223333:root"})
    EXPECT_EQ(problems(good() + "," + allow("kms:PutKeyPolicy", name), wanted), Problems{}) << name;
  EXPECT_EQ(problems(good() + "," + allow("kms:PutKeyPolicy", "444455556666"), wanted),
            Problems{Problem::kAdministration});
}

TEST(AuditTest, names_the_statement_that_kms_gives_to_every_new_key) {
  EXPECT_EQ(beside(allow("kms:*", "arn:aws:iam::111122223333:root")),
            (Problems{Problem::kWildcardAction, Problem::kWithoutAttestation, Problem::kImport,
                      Problem::kAdministration}));
}

TEST(AuditTest, names_wildcards_in_actions_only_where_they_cover_something) {
  EXPECT_EQ(beside(allow("kms:Dec*")), (Problems{Problem::kWildcardAction, Problem::kWithoutAttestation}));
  EXPECT_EQ(beside(allow("kms:D?crypt")), (Problems{Problem::kWildcardAction, Problem::kWithoutAttestation}));
  EXPECT_EQ(beside(allow("kms:Put*", kAdmin)), Problems{Problem::kWildcardAction});
  EXPECT_EQ(beside(allow("kms:Describe*")), Problems{});
  EXPECT_EQ(beside(allow("kms:Get*")), Problems{});
}

TEST(AuditTest, names_everyone_even_with_the_condition) {
  EXPECT_EQ(beside(R"({"Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"})"),
            Problems{Problem::kWildcardPrincipal});
  EXPECT_EQ(beside(write_statement("*", {kPcr0})), Problems{Problem::kWildcardPrincipal});
  EXPECT_EQ(beside(R"({"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"})"), Problems{});
}

TEST(AuditTest, names_not_action_and_not_principal_of_an_allow_alone) {
  const std::string not_action =
      R"("Principal":{"AWS":")" + kAdmin + R"("},"NotAction":"kms:Decrypt","Resource":"*"})";
  const auto found = beside(R"({"Effect":"Allow",)" + not_action);
  EXPECT_EQ(found.front(), Problem::kNotAction);
  EXPECT_TRUE(std::ranges::count(found, Problem::kWithoutAttestation));
  EXPECT_EQ(beside(R"({"Effect":"Deny",)" + not_action), Problems{});
  EXPECT_EQ(beside(R"({"Effect":"Allow","NotPrincipal":{"AWS":")" + kRole +
                   R"("},"Action":"kms:PutKeyPolicy","Resource":"*"})"),
            (Problems{Problem::kNotPrincipal, Problem::kAdministration}));
}

TEST(AuditTest, a_deny_does_not_excuse_an_allow) {
  EXPECT_EQ(beside(allow("kms:CreateGrant") +
                   R"(,{"Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*"})"),
            Problems{Problem::kWithoutAttestation});
}

TEST(AuditTest, says_when_a_deny_closes_the_enclave_out) {
  const std::string deny = R"({"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*")";
  EXPECT_EQ(beside(deny + "}"), Problems{Problem::kCannotDecrypt});
  const auto unless = [&](const std::string& pcr0) {
    return deny + R"(,"Condition":{"StringNotEqualsIgnoreCase":{"kms:RecipientAttestation:PCR0":")" + pcr0 +
           R"("}}})";
  };
  EXPECT_EQ(beside(unless(kPcr0)), Problems{});
  EXPECT_EQ(beside(unless(kOther)), Problems{Problem::kCannotDecrypt});
  EXPECT_EQ(beside(R"({"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"})"),
            Problems{});
  EXPECT_EQ(beside(R"({"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"})"),
            Problems{Problem::kCannotDecrypt});
}

TEST(AuditTest, upper_case_under_stringequals_never_matches_what_kms_says) {
  EXPECT_EQ(problems(decrypt_if("StringEquals", std::string(96, 'A'))), Problems{Problem::kCannotDecrypt});
}

TEST(AuditTest, refuses_grants_that_open_and_takes_those_that_do_not) {
  const auto grant = [](std::vector<std::string> operations, const std::string& grantee = kRole) {
    return problems(good(), intent(), {{"g1", grantee, std::move(operations)}});
  };
  for (const char* operation : {"Decrypt", "ReEncryptFrom", "CreateGrant", "GenerateDataKey",
                                "GenerateDataKeyPair", "DeriveSharedSecret", "SomethingNew"})
    EXPECT_EQ(grant({"DescribeKey", operation}), Problems{Problem::kGrant}) << operation;
  EXPECT_EQ(grant({}), Problems{Problem::kGrant});
  EXPECT_EQ(grant({"DescribeKey"}), Problems{});
  EXPECT_EQ(grant({"GenerateDataKeyWithoutPlaintext", "RetireGrant"}), Problems{});
  EXPECT_EQ(grant({"Encrypt"}), Problems{Problem::kGrant});
  EXPECT_EQ(grant({"Encrypt"}, kImporter), Problems{});
  EXPECT_EQ(grant({"Encrypt", "Decrypt"}, kImporter), Problems{Problem::kGrant});
}

TEST(AuditTest, a_finding_names_its_statement_or_its_grant) {
  const auto found = audit(policy_of(good() + R"(,
    {"Sid":"Bad","Effect":"Allow","Resource":"*","Principal":{"AWS":")" +
                                     kRole + R"("},"Action":"kms:Decrypt"})"),
                           {{"g1", kRole, {"Decrypt"}}}, intent());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].statement, 1U);
  EXPECT_EQ(found[0].sid, "Bad");
  EXPECT_GT(found[0].line, 1U);
  EXPECT_EQ(found[1].statement, std::nullopt);
  EXPECT_EQ(found[1].grant_id, "g1");
}

TEST(AuditTest, a_pcr0_has_96_hexadecimal_digits_that_are_not_all_zero) {
  EXPECT_TRUE(is_pcr0(kPcr0));
  EXPECT_TRUE(is_pcr0(std::string(95, '0') + "1"));
  for (const std::string& text : {std::string(96, '0'), std::string(95, 'a'), std::string(97, 'a'),
                                  std::string(), std::string(95, 'a') + " ", std::string(95, 'a') + "g"})
    EXPECT_FALSE(is_pcr0(text)) << text;
}

}  // namespace
}  // namespace nes::policy

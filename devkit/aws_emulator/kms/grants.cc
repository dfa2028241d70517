// Operations on grants.
#include <algorithm>
#include <array>

#include "devkit/aws_emulator/kms/answers.h"
#include "devkit/aws_emulator/kms/kms.h"
#include "devkit/aws_emulator/random_text.h"
#include "policy/match.h"

namespace nes::aws_emulator {
namespace {

// "Grant operations", those of symmetric encryption keys.
constexpr std::array<std::string_view, 11> kOperations = {
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
};
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kIdDigits = 64;
constexpr std::size_t kTokenDigits = 128;
constexpr std::size_t kNameBytes = 256;

bool is_principal(std::string_view text) {
  return policy::is_arn(text) && text.find_first_of("*?") == std::string_view::npos &&
         (text.find(":iam::") != std::string_view::npos || text.find(":sts::") != std::string_view::npos);
}

std::optional<Answer> check_grant(const KmsParameters& parameters) {
  const auto known = [](const std::string& name) {
    return std::ranges::find(kOperations, name) != kOperations.end();
  };
  if (!parameters.grantee_principal || parameters.operations.empty())
    return validation_error("GranteePrincipal or Operations are missing.");
  if (!is_principal(*parameters.grantee_principal) ||
      (parameters.retiring_principal && !is_principal(*parameters.retiring_principal)))
    return json_error(400, "InvalidArnException", "ARN does not refer to a valid principal.");
  if (!std::ranges::all_of(parameters.operations, known))
    return validation_error("Operations has one that a grant on a symmetric encryption key cannot have.");
  if (parameters.name && (parameters.name->empty() || parameters.name->size() > kNameBytes))
    return validation_error("Name must have 1 to 256 characters.");
  return std::nullopt;
}

// "Condition keys for AWS KMS", those of CreateGrant.
Access grant_access(const KmsParameters& parameters) {
  Access out{"CreateGrant"};
  out.more.add("kms:GranteePrincipal", *parameters.grantee_principal);
  if (parameters.retiring_principal) out.more.add("kms:RetiringPrincipal", *parameters.retiring_principal);
  for (const std::string& operation : parameters.operations) out.more.add("kms:GrantOperations", operation);
  if (parameters.constraints.equals) out.more.add("kms:GrantConstraintType", "EncryptionContextEquals");
  if (parameters.constraints.subset) out.more.add("kms:GrantConstraintType", "EncryptionContextSubset");
  out.more.add("kms:GrantIsForAWSResource", "false");
  return out;
}

// "Using grants to create grants": no more operations than the parent has, and no looser constraints.
bool is_within(const KmsParameters& parameters, const Grant& parent) {
  const auto has = [&](const std::string& name) {
    return std::ranges::find(parent.operations, name) != parent.operations.end();
  };
  return std::ranges::all_of(parameters.operations, has) && parameters.constraints.within(parent.constraints);
}

bool is_same(const Grant& grant, const KmsParameters& parameters) {
  return grant.name == *parameters.name && grant.grantee == *parameters.grantee_principal &&
         grant.retiring_principal == parameters.retiring_principal.value_or("") &&
         grant.operations == parameters.operations && grant.constraints == parameters.constraints;
}

std::string grant_entry(const Grant& grant, const std::string& key_arn) {
  JsonObject out;
  out.text("KeyId", key_arn)
      .text("GrantId", grant.id)
      .text("Name", grant.name)
      .time("CreationDate", grant.created_ms)
      .text("GranteePrincipal", grant.grantee)
      .text("IssuingAccount", grant.issuing_account)
      .texts("Operations", grant.operations);
  if (!grant.retiring_principal.empty()) out.text("RetiringPrincipal", grant.retiring_principal);
  if (grant.constraints != GrantConstraints{}) out.value("Constraints", write_constraints(grant.constraints));
  return out.finish();
}

bool may_retire(const Grant& grant, const policy::Identity& caller) {
  const auto is = [&](const std::string& arn) {
    return policy::names({policy::PrincipalType::kAws, arn}, caller);
  };
  const bool has_it = std::ranges::find(grant.operations, "RetireGrant") != grant.operations.end();
  return is(grant.retiring_principal) || (has_it && is(grant.grantee));
}

}  // namespace

Answer Kms::create_grant(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = check_grant(parameters)) return *std::move(refusal);
  StoredKey& key = *found.key;
  const std::string arn = key_arn(key.id);
  const Access access = grant_access(parameters);
  const Ruling ruling = rule(access, key, arn, caller);
  if (ruling.grant != nullptr && !is_within(parameters, *ruling.grant))
    return access_denied(caller, "CreateGrant", arn, "because a grant cannot give more than it has");
  if (auto refusal = refuse(access, key, caller, parameters)) return *std::move(refusal);
  if (auto refusal = refuse_unusable(key, arn)) return *std::move(refusal);
  const auto respond = [](const Grant& grant) {
    return succeed(JsonObject().text("GrantToken", grant.token).text("GrantId", grant.id));
  };
  // With a name, the same request again makes no second grant.
  const auto same = std::ranges::find_if(
      key.grants, [&](const Grant& grant) { return parameters.name && is_same(grant, parameters); });
  if (same != key.grants.end()) return respond(*same);
  key.grants.push_back({.id = random_text(kHex, kIdDigits),
                        .token = random_text(kHex, kTokenDigits),
                        .name = parameters.name.value_or(""),
                        .grantee = *parameters.grantee_principal,
                        .retiring_principal = parameters.retiring_principal.value_or(""),
                        .issuing_account = "arn:aws:iam::" + caller.account + ":root",
                        .operations = parameters.operations,
                        .constraints = parameters.constraints,
                        .created_ms = clock_->unix_ms()});
  return respond(key.grants.back());
}

Answer Kms::list_grants(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"ListGrants"}, *found.key, caller, parameters)) return *std::move(refusal);
  std::vector<std::string> items;
  for (const Grant& grant : found.key->grants) {
    if (parameters.grant_id && *parameters.grant_id != grant.id) continue;
    if (parameters.grantee_principal && *parameters.grantee_principal != grant.grantee) continue;
    items.push_back(grant_entry(grant, key_arn(found.key->id)));
  }
  if (parameters.grant_id && items.empty())
    return json_error(400, "InvalidGrantIdException", "The grant ID is invalid.");
  JsonObject out;
  if (auto wrong = add_page(parameters, "Grants", items, out)) return *std::move(wrong);
  return succeed(out);
}

Answer Kms::revoke_grant(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"RevokeGrant"}, *found.key, caller, parameters)) return *std::move(refusal);
  const std::string id = parameters.grant_id.value_or("");
  if (std::erase_if(found.key->grants, [&](const Grant& grant) { return grant.id == id; }) == 0)
    return json_error(400, "InvalidGrantIdException", "The grant ID is invalid.");
  return succeed_empty();
}

// By the grant's token, or by key and grant id; the key's policy is not asked.
Answer Kms::retire_grant(const KmsParameters& parameters, const Caller& caller) {
  const auto is_meant = [&](const StoredKey& key, const Grant& grant) {
    if (parameters.grant_token) return grant.token == *parameters.grant_token;
    return parameters.key_id == key_arn(key.id) && parameters.grant_id == grant.id;
  };
  for (auto& [id, key] : state_.keys) {
    const auto grant = std::ranges::find_if(key.grants, [&](const Grant& one) { return is_meant(key, one); });
    if (grant == key.grants.end()) continue;
    if (!may_retire(*grant, identity_of(caller)))
      return access_denied(caller, "RetireGrant", key_arn(id),
                           "because no grant allows the kms:RetireGrant action");
    key.grants.erase(grant);
    return succeed_empty();
  }
  if (parameters.grant_token)
    return json_error(400, "InvalidGrantTokenException", "The grant token is invalid.");
  return json_error(400, "InvalidGrantIdException", "The grant ID is invalid.");
}

}  // namespace nes::aws_emulator

#include "devkit/aws_emulator/kms/access.h"

#include <algorithm>

#include "base/bytes.h"

namespace nes::aws_emulator {
namespace {

// "Condition keys for AWS KMS" and "AWS global condition context keys".
void add_caller(const Caller& caller, policy::Context& out) {
  out.add("aws:PrincipalArn", caller.role_arn);
  out.add("aws:PrincipalAccount", caller.account);
  out.add("kms:CallerAccount", caller.account);
}

void add_key(policy::Context& out) {
  out.add("kms:KeySpec", "SYMMETRIC_DEFAULT");
  out.add("kms:KeyUsage", "ENCRYPT_DECRYPT");
  out.add("kms:KeyOrigin", "AWS_KMS");
  out.add("kms:MultiRegion", "false");
}

void add_encryption_context(const EncryptionContext& context, policy::Context& out) {
  out.add("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
  for (const auto& [name, value] : context) {
    out.add("kms:EncryptionContext:" + name, value);
    out.add("kms:EncryptionContextKeys", name);
  }
}

void add_measurements(const attest::Document& document, policy::Context& out) {
  for (const auto& [index, pcr] : document.pcrs) {
    out.add("kms:RecipientAttestation:PCR" + std::to_string(index), base::hex_encode(pcr));
    if (index == 0) out.add("kms:RecipientAttestation:ImageSha384", base::hex_encode(pcr));
  }
}

bool is_for(const Grant& grant, const Access& access, const policy::Identity& caller) {
  const bool listed = std::ranges::find(grant.operations, access.operation) != grant.operations.end();
  return listed && policy::names({policy::PrincipalType::kAws, grant.grantee}, caller) &&
         (access.encryption_context == nullptr || grant.constraints.admit(*access.encryption_context));
}

}  // namespace

policy::Identity identity_of(const Caller& caller) { return {caller.arn, caller.role_arn, caller.account}; }

Answer access_denied(const Caller& caller, std::string_view operation, std::string_view resource,
                     std::string_view reason) {
  std::string text = "User: " + caller.arn + " is not authorized to perform: kms:";
  text.append(operation).append(" on resource: ").append(resource).append(" ").append(reason);
  return json_error(400, "AccessDeniedException", text);
}

Ruling rule(const Access& access, const StoredKey& key, std::string_view key_arn, const Caller& caller) {
  policy::Request request{identity_of(caller), "kms:" + std::string(access.operation), std::string(key_arn),
                          access.more};
  add_caller(caller, request.context);
  add_key(request.context);
  if (access.encryption_context != nullptr)
    add_encryption_context(*access.encryption_context, request.context);
  if (access.recipient != nullptr) add_measurements(*access.recipient, request.context);

  const auto policy = policy::parse(key.policy);
  const policy::Decision decision = policy.ok() ? policy::evaluate(*policy, request) : policy::Decision{};
  if (decision.outcome == policy::Outcome::kAllowed) return {};
  if (decision.outcome == policy::Outcome::kDenied)
    return {
        access_denied(caller, access.operation, key_arn, "with an explicit deny in a resource-based policy")};
  for (const Grant& grant : key.grants)
    if (is_for(grant, access, request.caller)) return {std::nullopt, &grant};
  return {access_denied(
      caller, access.operation, key_arn,
      "because no resource-based policy allows the kms:" + std::string(access.operation) + " action")};
}

}  // namespace nes::aws_emulator

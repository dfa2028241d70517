// Operations on key policies.
#include "base/json_text.h"
#include "devkit/aws_emulator/kms/answers.h"
#include "devkit/aws_emulator/kms/kms.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kDefault = "default";  // every key has one policy, called so

bool names_default(const KmsParameters& parameters) {
  return parameters.policy_name.value_or(std::string(kDefault)) == kDefault;
}

Access policy_access(std::string_view operation, const KmsParameters& parameters) {
  Access out{operation};
  out.more.add("kms:BypassPolicyLockoutSafetyCheck",
               parameters.bypass_policy_lockout_safety_check ? "true" : "false");
  return out;
}

}  // namespace

std::optional<Answer> Kms::check_policy(const std::string& policy, const StoredKey& key,
                                        const KmsParameters& parameters, const Caller& caller) const {
  const auto parsed = policy::parse(policy);
  if (!parsed.ok() && parsed.error().code == ErrorCode::kLimit)
    return json_error(400, "LimitExceededException",
                      "The policy is larger or more deeply nested than KMS takes.");
  if (!parsed.ok())
    return json_error(
        400, "MalformedPolicyDocumentException",
        "Line " + std::to_string(parsed.error().position) + ": " + std::string(parsed.error().reason.view()));
  if (parameters.bypass_policy_lockout_safety_check) return std::nullopt;
  StoredKey with_it{.id = key.id, .material = {}, .policy = policy};
  if (!rule(policy_access("PutKeyPolicy", parameters), with_it, key_arn(key.id), caller).refusal)
    return std::nullopt;
  return json_error(400, "MalformedPolicyDocumentException",
                    "The new key policy will not allow you to update the key policy in the future.");
}

Answer Kms::get_key_policy(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"GetKeyPolicy"}, *found.key, caller, parameters)) return *std::move(refusal);
  if (!names_default(parameters)) return not_found("No such policy exists");
  return succeed(JsonObject().text("Policy", found.key->policy).text("PolicyName", kDefault));
}

Answer Kms::put_key_policy(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (!parameters.policy) return validation_error("Policy is missing.");
  if (!names_default(parameters)) return validation_error("PolicyName must be default.");
  if (auto refusal = refuse(policy_access("PutKeyPolicy", parameters), *found.key, caller, parameters))
    return *std::move(refusal);
  if (auto refusal = refuse_pending(*found.key, key_arn(found.key->id))) return *std::move(refusal);
  if (auto refusal = check_policy(*parameters.policy, *found.key, parameters, caller))
    return *std::move(refusal);
  found.key->policy = *parameters.policy;
  return succeed_empty();
}

Answer Kms::list_key_policies(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"ListKeyPolicies"}, *found.key, caller, parameters)) return *std::move(refusal);
  std::string quoted;
  base::append_quoted(quoted, kDefault);
  JsonObject out;
  if (auto wrong = add_page(parameters, "PolicyNames", {quoted}, out)) return *std::move(wrong);
  return succeed(out);
}

}  // namespace nes::aws_emulator

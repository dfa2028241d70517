#include "devkit/aws_emulator/kms/kms.h"

#include <algorithm>
#include <iterator>

#include "devkit/aws_emulator/kms/answers.h"
#include "policy/match.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kStateName = "kms";
constexpr std::string_view kAliasPrefix = "alias/";
constexpr std::string_view kKeyPrefix = "key/";

}  // namespace

struct Kms::Named {
  std::string_view name;
  Operation run;
  bool changes;
};

const Kms::Named* Kms::find_operation(std::string_view name) noexcept {
  static constexpr Named kOperations[] = {
      {"CancelKeyDeletion", &Kms::cancel_key_deletion, true},
      {"CreateAlias", &Kms::create_alias, true},
      {"CreateGrant", &Kms::create_grant, true},
      {"CreateKey", &Kms::create_key, true},
      {"Decrypt", &Kms::decrypt, false},
      {"DeleteAlias", &Kms::delete_alias, true},
      {"DescribeKey", &Kms::describe_key, false},
      {"DisableKey", &Kms::disable_key, true},
      {"EnableKey", &Kms::enable_key, true},
      {"Encrypt", &Kms::encrypt, false},
      {"GenerateDataKey", &Kms::generate_data_key, false},
      {"GenerateDataKeyWithoutPlaintext", &Kms::generate_data_key_without_plaintext, false},
      {"GenerateRandom", &Kms::generate_random, false},
      {"GetKeyPolicy", &Kms::get_key_policy, false},
      {"ListAliases", &Kms::list_aliases, false},
      {"ListGrants", &Kms::list_grants, false},
      {"ListKeyPolicies", &Kms::list_key_policies, false},
      {"ListKeys", &Kms::list_keys, false},
      {"PutKeyPolicy", &Kms::put_key_policy, true},
      {"ReEncrypt", &Kms::re_encrypt, false},
      {"RetireGrant", &Kms::retire_grant, true},
      {"RevokeGrant", &Kms::revoke_grant, true},
      {"ScheduleKeyDeletion", &Kms::schedule_key_deletion, true},
  };
  const auto* const found = std::ranges::find(kOperations, name, &Named::name);
  return found == std::end(kOperations) ? nullptr : found;
}

Result<Kms> Kms::open(Store& store, const Clock& clock, Options options) {
  Kms out(store, clock, std::move(options));
  NES_TRY_ASSIGN(const auto text, store.load(kStateName));
  if (text) {
    NES_TRY_ASSIGN(out.state_, read_kms_state(*text));
  }
  return out;
}

Answer Kms::call(std::string_view operation, std::string_view body, const Caller& caller) {
  const Named* const named = find_operation(operation);
  if (named == nullptr)
    return json_error(400, "UnknownOperationException", "The emulator does not have this operation.");
  const auto parameters = parse_kms_parameters(body);
  if (!parameters.ok()) return json_error(400, "SerializationException", parameters.error().reason.view());
  remove_what_is_due();
  if (!named->changes) return (this->*named->run)(*parameters, caller);
  KmsState before = state_;
  Answer answer = (this->*named->run)(*parameters, caller);
  const bool saved = answer.status == 200 && store_->save(kStateName, write_kms_state(state_)).ok();
  if (saved) return answer;
  state_ = std::move(before);
  return answer.status == 200 ? json_error(500, "KMSInternalException", "The state cannot be saved.")
                              : answer;
}

std::string Kms::key_arn(std::string_view id) const {
  return "arn:aws:kms:" + options_.region + ":" + options_.account + ":key/" + std::string(id);
}

std::string Kms::alias_arn(std::string_view name) const {
  return "arn:aws:kms:" + options_.region + ":" + options_.account + ":" + std::string(name);
}

// A key's id or ARN, an alias's name or ARN. What is no ARN is a name in the caller's own account.
Kms::Found Kms::find_key(const std::optional<std::string>& name, Name allowed, const Caller& caller) {
  if (!name || name->empty()) return {.refusal = validation_error("KeyId is missing.")};
  const std::string here = alias_arn("");
  std::string_view resource = *name;
  const bool is_arn = resource.starts_with("arn:");
  if (is_arn && !policy::is_arn(resource))
    return {.refusal = json_error(400, "InvalidArnException", "Invalid arn " + *name)};
  if (is_arn && resource.starts_with(here)) {
    resource.remove_prefix(here.size());
  } else if (is_arn || caller.account != options_.account) {
    return {.refusal = not_found("Key '" + *name + "' does not exist")};
  }
  if (resource.starts_with(kAliasPrefix)) {
    const auto alias = state_.aliases.find(resource);
    if (allowed == Name::kKey) return {.refusal = not_found("Invalid keyId '" + *name + "'")};
    if (alias == state_.aliases.end())
      return {.refusal = not_found("Alias " + alias_arn(resource) + " is not found.")};
    resource = alias->second;
  } else if (is_arn) {
    if (!resource.starts_with(kKeyPrefix))
      return {.refusal = json_error(400, "InvalidArnException", "Invalid arn " + *name)};
    resource.remove_prefix(kKeyPrefix.size());
  }
  const auto key = state_.keys.find(resource);
  if (key == state_.keys.end())
    return {.refusal = not_found("Key '" + key_arn(resource) + "' does not exist")};
  return {.key = &key->second};
}

std::optional<Answer> Kms::refuse(const Access& access, const StoredKey& key, const Caller& caller,
                                  const KmsParameters& parameters) const {
  Ruling ruling = rule(access, key, key_arn(key.id), caller);
  if (ruling.refusal) return std::move(ruling.refusal);
  if (access.encryption_context != nullptr)
    if (auto unusable = refuse_unusable(key, key_arn(key.id))) return unusable;
  if (parameters.dry_run)
    return json_error(400, "DryRunOperationException",
                      "The request would have succeeded, but the DryRun option is set.");
  return std::nullopt;
}

std::optional<Answer> Kms::refuse_foreign(std::string_view operation, const Caller& caller) const {
  if (caller.account == options_.account) return std::nullopt;
  return access_denied(caller, operation, "*", "because no identity-based policy allows the action");
}

void Kms::remove_what_is_due() {
  const std::int64_t now_ms = clock_->unix_ms();
  std::erase_if(state_.keys, [now_ms](const auto& item) {
    return item.second.deletion_ms && *item.second.deletion_ms <= now_ms;
  });
  std::erase_if(state_.aliases, [this](const auto& item) { return !state_.keys.contains(item.second); });
}

}  // namespace nes::aws_emulator

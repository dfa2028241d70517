// Operations on keys themselves.
#include <array>

#include "crypto/random.h"
#include "devkit/aws_emulator/kms/answers.h"
#include "devkit/aws_emulator/kms/kms.h"
#include "devkit/aws_emulator/random_text.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kSymmetric = "SYMMETRIC_DEFAULT";
constexpr std::string_view kEncryptDecrypt = "ENCRYPT_DECRYPT";
constexpr std::string_view kAwsKms = "AWS_KMS";
constexpr std::size_t kMaterialBytes = 32;
constexpr std::size_t kDescriptionBytes = 8192;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;

// "Default key policy": the account, whose own policies decide.
std::string default_policy(const std::string& account) {
  const std::string principal = JsonObject().text("AWS", "arn:aws:iam::" + account + ":root").finish();
  const std::string statement[] = {JsonObject()
                                       .text("Sid", "Enable IAM User Permissions")
                                       .text("Effect", "Allow")
                                       .value("Principal", principal)
                                       .text("Action", "kms:*")
                                       .text("Resource", "*")
                                       .finish()};
  return JsonObject()
      .text("Version", "2012-10-17")
      .text("Id", "key-default-1")
      .list("Statement", statement)
      .finish();
}

std::optional<Answer> check_kind(const KmsParameters& parameters) {
  const std::string spec =
      parameters.key_spec.value_or(parameters.customer_master_key_spec.value_or(std::string(kSymmetric)));
  if (spec != kSymmetric || parameters.key_usage.value_or(std::string(kEncryptDecrypt)) != kEncryptDecrypt ||
      parameters.origin.value_or(std::string(kAwsKms)) != kAwsKms || parameters.multi_region)
    return json_error(400, "UnsupportedOperationException",
                      "The emulator has symmetric encryption keys of one Region with material of KMS alone.");
  if (parameters.description && parameters.description->size() > kDescriptionBytes)
    return validation_error("Description must have at most 8192 characters.");
  return std::nullopt;
}

}  // namespace

std::string Kms::key_metadata(const StoredKey& key) const {
  const std::string algorithms[] = {std::string(kSymmetric)};
  JsonObject out;
  out.text("AWSAccountId", options_.account)
      .text("KeyId", key.id)
      .text("Arn", key_arn(key.id))
      .time("CreationDate", key.created_ms)
      .flag("Enabled", key.state == KeyState::kEnabled)
      .text("Description", key.description)
      .text("KeyUsage", kEncryptDecrypt)
      .text("KeyState", key_state_name(key.state))
      .text("Origin", kAwsKms)
      .text("KeyManager", "CUSTOMER")
      .text("CustomerMasterKeySpec", kSymmetric)
      .text("KeySpec", kSymmetric)
      .texts("EncryptionAlgorithms", algorithms)
      .flag("MultiRegion", false);
  if (key.deletion_ms) out.time("DeletionDate", *key.deletion_ms);
  return out.finish();
}

Answer Kms::create_key(const KmsParameters& parameters, const Caller& caller) {
  if (auto refusal = refuse_foreign("CreateKey", caller)) return *std::move(refusal);
  if (auto refusal = check_kind(parameters)) return *std::move(refusal);
  StoredKey key{.id = random_uuid(),
                .material = Bytes(kMaterialBytes),
                .description = parameters.description.value_or(""),
                .policy = parameters.policy.value_or(default_policy(options_.account)),
                .created_ms = clock_->unix_ms()};
  if (auto refusal = check_policy(key.policy, key, parameters, caller)) return *std::move(refusal);
  crypto::fill_random(key.material);
  JsonObject out;
  out.value("KeyMetadata", key_metadata(key));
  std::string id = key.id;
  state_.keys.emplace(std::move(id), std::move(key));
  return succeed(out);
}

Answer Kms::describe_key(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKeyOrAlias, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"DescribeKey"}, *found.key, caller, parameters)) return *std::move(refusal);
  return succeed(JsonObject().value("KeyMetadata", key_metadata(*found.key)));
}

Answer Kms::list_keys(const KmsParameters& parameters, const Caller& caller) {
  if (auto refusal = refuse_foreign("ListKeys", caller)) return *std::move(refusal);
  std::vector<std::string> items;
  for (const auto& [id, key] : state_.keys)
    items.push_back(JsonObject().text("KeyId", id).text("KeyArn", key_arn(id)).finish());
  JsonObject out;
  if (auto wrong = add_page(parameters, "Keys", items, out)) return *std::move(wrong);
  return succeed(out);
}

Answer Kms::set_enabled(const KmsParameters& parameters, const Caller& caller, bool enabled) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({enabled ? "EnableKey" : "DisableKey"}, *found.key, caller, parameters))
    return *std::move(refusal);
  if (auto refusal = refuse_pending(*found.key, key_arn(found.key->id))) return *std::move(refusal);
  found.key->state = enabled ? KeyState::kEnabled : KeyState::kDisabled;
  return succeed_empty();
}

Answer Kms::enable_key(const KmsParameters& parameters, const Caller& caller) {
  return set_enabled(parameters, caller, true);
}

Answer Kms::disable_key(const KmsParameters& parameters, const Caller& caller) {
  return set_enabled(parameters, caller, false);
}

Answer Kms::schedule_key_deletion(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  const std::int64_t days = parameters.pending_window_in_days.value_or(30);
  if (days < 7 || days > 30) return validation_error("PendingWindowInDays must be between 7 and 30.");
  if (auto refusal = refuse({"ScheduleKeyDeletion"}, *found.key, caller, parameters))
    return *std::move(refusal);
  if (auto refusal = refuse_pending(*found.key, key_arn(found.key->id))) return *std::move(refusal);
  found.key->state = KeyState::kPendingDeletion;
  found.key->deletion_ms = clock_->unix_ms() + days * kDayMs;
  return succeed(JsonObject()
                     .text("KeyId", key_arn(found.key->id))
                     .time("DeletionDate", *found.key->deletion_ms)
                     .text("KeyState", key_state_name(found.key->state))
                     .number("PendingWindowInDays", days));
}

Answer Kms::cancel_key_deletion(const KmsParameters& parameters, const Caller& caller) {
  Found found = find_key(parameters.key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"CancelKeyDeletion"}, *found.key, caller, parameters))
    return *std::move(refusal);
  const std::string arn = key_arn(found.key->id);
  if (found.key->state != KeyState::kPendingDeletion)
    return json_error(400, "KMSInvalidStateException", arn + " is not pending deletion.");
  found.key->state = KeyState::kDisabled;
  found.key->deletion_ms.reset();
  return succeed(JsonObject().text("KeyId", arn));
}

}  // namespace nes::aws_emulator

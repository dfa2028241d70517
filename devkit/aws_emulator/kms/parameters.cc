#include "devkit/aws_emulator/kms/parameters.h"

#include <utility>

#include "devkit/aws_emulator/kms/json_tree.h"

namespace nes::aws_emulator {
namespace {

Result<void> parse_texts(const JsonTree& tree, KmsParameters& out) {
  const std::pair<std::string_view, std::optional<std::string>&> texts[] = {
      {"KeyId", out.key_id},
      {"SourceKeyId", out.source_key_id},
      {"DestinationKeyId", out.destination_key_id},
      {"TargetKeyId", out.target_key_id},
      {"AliasName", out.alias_name},
      {"Policy", out.policy},
      {"PolicyName", out.policy_name},
      {"Description", out.description},
      {"KeyUsage", out.key_usage},
      {"KeySpec", out.key_spec},
      {"CustomerMasterKeySpec", out.customer_master_key_spec},
      {"Origin", out.origin},
      {"EncryptionAlgorithm", out.encryption_algorithm},
      {"SourceEncryptionAlgorithm", out.source_encryption_algorithm},
      {"DestinationEncryptionAlgorithm", out.destination_encryption_algorithm},
      {"Name", out.name},
      {"GranteePrincipal", out.grantee_principal},
      {"RetiringPrincipal", out.retiring_principal},
      {"GrantId", out.grant_id},
      {"GrantToken", out.grant_token},
      {"Marker", out.marker},
  };
  for (const auto& [name, value] : texts) {
    NES_TRY_ASSIGN(value, tree.text(name));
  }
  return {};
}

Result<void> parse_recipient(const JsonTree& tree, KmsParameters& out) {
  NES_TRY_ASSIGN(const JsonTree* const recipient, tree.object("Recipient"));
  if (recipient == nullptr) return {};
  NES_TRY_ASSIGN(auto algorithm, recipient->text("KeyEncryptionAlgorithm"));
  NES_TRY_ASSIGN(auto document, recipient->base64("AttestationDocument"));
  out.recipient = RecipientInfo{std::move(algorithm).value_or(""), std::move(document).value_or(Bytes{})};
  return {};
}

Result<void> parse_constraints(const JsonTree& tree, GrantConstraints& out) {
  NES_TRY_ASSIGN(const JsonTree* const constraints, tree.object("Constraints"));
  if (constraints == nullptr) return {};
  NES_TRY_ASSIGN(EncryptionContext equals, constraints->text_map("EncryptionContextEquals"));
  NES_TRY_ASSIGN(EncryptionContext subset, constraints->text_map("EncryptionContextSubset"));
  if (!equals.empty()) out.equals = std::move(equals);
  if (!subset.empty()) out.subset = std::move(subset);
  return {};
}

}  // namespace

Result<KmsParameters> parse_kms_parameters(std::string_view body) {
  NES_TRY_ASSIGN(const JsonTree tree, JsonTree::parse(body));
  KmsParameters out;
  NES_TRY(parse_texts(tree, out));
  NES_TRY_ASSIGN(out.plaintext, tree.base64("Plaintext"));
  NES_TRY_ASSIGN(out.ciphertext_blob, tree.base64("CiphertextBlob"));
  NES_TRY_ASSIGN(out.number_of_bytes, tree.integer("NumberOfBytes"));
  NES_TRY_ASSIGN(out.pending_window_in_days, tree.integer("PendingWindowInDays"));
  NES_TRY_ASSIGN(out.limit, tree.integer("Limit"));
  NES_TRY_ASSIGN(out.encryption_context, tree.text_map("EncryptionContext"));
  NES_TRY_ASSIGN(out.source_encryption_context, tree.text_map("SourceEncryptionContext"));
  NES_TRY_ASSIGN(out.destination_encryption_context, tree.text_map("DestinationEncryptionContext"));
  NES_TRY(parse_recipient(tree, out));
  NES_TRY_ASSIGN(out.operations, tree.texts("Operations"));
  NES_TRY(parse_constraints(tree, out.constraints));
  NES_TRY_ASSIGN(out.bypass_policy_lockout_safety_check, tree.flag("BypassPolicyLockoutSafetyCheck"));
  NES_TRY_ASSIGN(out.multi_region, tree.flag("MultiRegion"));
  NES_TRY_ASSIGN(out.dry_run, tree.flag("DryRun"));
  return out;
}

}  // namespace nes::aws_emulator

#include "devkit/aws_emulator/kms/state.h"

#include <algorithm>
#include <array>
#include <utility>

#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/kms/json_tree.h"

namespace nes::aws_emulator {
namespace {

constexpr std::size_t kMaterialBytes = 32;
constexpr std::array<std::string_view, 3> kStateNames = {"Enabled", "Disabled", "PendingDeletion"};

bool is_subset(const EncryptionContext& part, const EncryptionContext& whole) {
  return std::ranges::includes(whole, part);
}

// A member that must be there.
template <typename T>
Result<T> required(Result<std::optional<T>> value) {
  if (!value.ok()) return value.error();
  if (!*value) return Error{ErrorCode::kMalformed, "the state of KMS lacks a member"};
  return *std::move(*value);
}

std::string write_grant(const Grant& grant) {
  return JsonObject()
      .text("id", grant.id)
      .text("token", grant.token)
      .text("name", grant.name)
      .text("grantee", grant.grantee)
      .text("retiring_principal", grant.retiring_principal)
      .text("issuing_account", grant.issuing_account)
      .texts("operations", grant.operations)
      .value("constraints", write_constraints(grant.constraints))
      .number("created_ms", grant.created_ms)
      .finish();
}

Result<std::optional<EncryptionContext>> read_context(const JsonTree& tree, std::string_view name) {
  NES_TRY_ASSIGN(const JsonTree* const there, tree.object(name));
  if (there == nullptr) return std::optional<EncryptionContext>();
  NES_TRY_ASSIGN(EncryptionContext out, tree.text_map(name));
  return std::optional(std::move(out));
}

Result<Grant> read_grant(const JsonTree& tree) {
  Grant out;
  NES_TRY_ASSIGN(out.id, required(tree.text("id")));
  NES_TRY_ASSIGN(out.token, required(tree.text("token")));
  NES_TRY_ASSIGN(out.name, required(tree.text("name")));
  NES_TRY_ASSIGN(out.grantee, required(tree.text("grantee")));
  NES_TRY_ASSIGN(out.retiring_principal, required(tree.text("retiring_principal")));
  NES_TRY_ASSIGN(out.issuing_account, required(tree.text("issuing_account")));
  NES_TRY_ASSIGN(out.operations, tree.texts("operations"));
  NES_TRY_ASSIGN(out.created_ms, required(tree.integer("created_ms")));
  NES_TRY_ASSIGN(const JsonTree* const constraints, tree.object("constraints"));
  if (constraints == nullptr) return out;
  NES_TRY_ASSIGN(out.constraints.equals, read_context(*constraints, "EncryptionContextEquals"));
  NES_TRY_ASSIGN(out.constraints.subset, read_context(*constraints, "EncryptionContextSubset"));
  return out;
}

std::string write_key(const StoredKey& key) {
  std::vector<std::string> grants;
  for (const Grant& grant : key.grants) grants.push_back(write_grant(grant));
  JsonObject out;
  out.text("id", key.id)
      .text("material", base::base64_encode(key.material))
      .text("description", key.description)
      .text("policy", key.policy)
      .text("state", key_state_name(key.state))
      .number("created_ms", key.created_ms);
  if (key.deletion_ms) out.number("deletion_ms", *key.deletion_ms);
  return out.list("grants", grants).finish();
}

Result<StoredKey> read_key(const JsonTree& tree) {
  StoredKey out;
  NES_TRY_ASSIGN(out.id, required(tree.text("id")));
  NES_TRY_ASSIGN(out.material, required(tree.base64("material")));
  NES_TRY_ASSIGN(out.description, required(tree.text("description")));
  NES_TRY_ASSIGN(out.policy, required(tree.text("policy")));
  NES_TRY_ASSIGN(const std::string state, required(tree.text("state")));
  NES_TRY_ASSIGN(out.created_ms, required(tree.integer("created_ms")));
  NES_TRY_ASSIGN(out.deletion_ms, tree.integer("deletion_ms"));
  const auto* const name = std::ranges::find(kStateNames, state);
  if (name == kStateNames.end() || out.material.size() != kMaterialBytes)
    return Error{ErrorCode::kMalformed, "a stored key is none"};
  out.state = static_cast<KeyState>(name - kStateNames.begin());
  NES_TRY_ASSIGN(const auto grants, tree.objects("grants"));
  for (const JsonTree* item : grants) {
    NES_TRY_ASSIGN(Grant grant, read_grant(*item));
    out.grants.push_back(std::move(grant));
  }
  return out;
}

}  // namespace

std::string_view key_state_name(KeyState state) noexcept {
  return kStateNames[static_cast<std::size_t>(state)];
}

bool GrantConstraints::admit(const EncryptionContext& context) const {
  return (!equals || *equals == context) && (!subset || is_subset(*subset, context));
}

bool GrantConstraints::within(const GrantConstraints& wider) const {
  if (wider.equals) return equals == wider.equals;
  if (!wider.subset) return true;
  return (equals && is_subset(*wider.subset, *equals)) || (subset && is_subset(*wider.subset, *subset));
}

std::string write_text_map(const std::map<std::string, std::string>& texts) {
  JsonObject out;
  for (const auto& [name, text] : texts) out.text(name, text);
  return out.finish();
}

std::string write_constraints(const GrantConstraints& constraints) {
  JsonObject out;
  if (constraints.equals) out.value("EncryptionContextEquals", write_text_map(*constraints.equals));
  if (constraints.subset) out.value("EncryptionContextSubset", write_text_map(*constraints.subset));
  return out.finish();
}

std::string write_kms_state(const KmsState& state) {
  std::vector<std::string> keys;
  for (const auto& [id, key] : state.keys) keys.push_back(write_key(key));
  JsonObject aliases;
  for (const auto& [name, id] : state.aliases) aliases.text(name, id);
  return JsonObject().list("keys", keys).value("aliases", aliases.finish()).finish();
}

Result<KmsState> read_kms_state(std::string_view text) {
  NES_TRY_ASSIGN(const JsonTree tree, JsonTree::parse(text));
  KmsState out;
  NES_TRY_ASSIGN(const auto keys, tree.objects("keys"));
  for (const JsonTree* item : keys) {
    NES_TRY_ASSIGN(StoredKey key, read_key(*item));
    std::string id = key.id;
    out.keys.emplace(std::move(id), std::move(key));
  }
  NES_TRY_ASSIGN(const auto aliases, tree.text_map("aliases"));
  out.aliases.insert(aliases.begin(), aliases.end());
  return out;
}

}  // namespace nes::aws_emulator

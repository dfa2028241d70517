// Operations on aliases.
#include "devkit/aws_emulator/kms/answers.h"
#include "devkit/aws_emulator/kms/kms.h"

namespace nes::aws_emulator {
namespace {

constexpr std::size_t kAliasBytes = 256;

bool is_alias(std::string_view name) {
  constexpr std::string_view kPrefix = "alias/";
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-";
  return name.starts_with(kPrefix) && name.size() > kPrefix.size() && name.size() <= kAliasBytes &&
         !name.starts_with("alias/aws/") && name.find_first_not_of(kCharacters) == std::string_view::npos;
}

}  // namespace

Answer Kms::create_alias(const KmsParameters& parameters, const Caller& caller) {
  const std::string& name = parameters.alias_name.value_or("");
  if (!is_alias(name))
    return json_error(400, "InvalidAliasNameException",
                      "Alias must start with the prefix \"alias/\" and have letters, digits, _, - and / "
                      "behind it; alias/aws/ is reserved.");
  Found found = find_key(parameters.target_key_id, Name::kKey, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"CreateAlias"}, *found.key, caller, parameters)) return *std::move(refusal);
  if (auto refusal = refuse_pending(*found.key, key_arn(found.key->id))) return *std::move(refusal);
  if (!state_.aliases.emplace(name, found.key->id).second)
    return json_error(400, "AlreadyExistsException",
                      "An alias with the name " + alias_arn(name) + " already exists");
  return succeed_empty();
}

Answer Kms::delete_alias(const KmsParameters& parameters, const Caller& caller) {
  const std::string& name = parameters.alias_name.value_or("");
  Found found = find_key(name, Name::kKeyOrAlias, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (!is_alias(name)) return not_found("Alias " + alias_arn(name) + " is not found.");
  if (auto refusal = refuse({"DeleteAlias"}, *found.key, caller, parameters)) return *std::move(refusal);
  state_.aliases.erase(name);
  return succeed_empty();
}

Answer Kms::list_aliases(const KmsParameters& parameters, const Caller& caller) {
  if (auto refusal = refuse_foreign("ListAliases", caller)) return *std::move(refusal);
  const StoredKey* of = nullptr;
  if (parameters.key_id) {
    Found found = find_key(parameters.key_id, Name::kKey, caller);
    if (found.refusal) return *std::move(found.refusal);
    of = found.key;
  }
  std::vector<std::string> items;
  for (const auto& [name, id] : state_.aliases) {
    if (of != nullptr && of->id != id) continue;
    items.push_back(JsonObject()
                        .text("AliasName", name)
                        .text("AliasArn", alias_arn(name))
                        .text("TargetKeyId", id)
                        .finish());
  }
  JsonObject out;
  if (auto wrong = add_page(parameters, "Aliases", items, out)) return *std::move(wrong);
  return succeed(out);
}

}  // namespace nes::aws_emulator

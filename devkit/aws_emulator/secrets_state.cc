#include "devkit/aws_emulator/secrets_state.h"

#include <algorithm>
#include <charconv>

#include "aws/json_fields.h"
#include "devkit/aws_emulator/json_object.h"

namespace nes::aws_emulator {
namespace {

Result<std::int64_t> read_ms(const aws::JsonFields& fields, std::string_view name) {
  const std::string_view text = fields.scalar(name);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{ErrorCode::kMalformed, "a stored time is none"};
  return out;
}

std::string write_version(const StoredVersion& version) {
  JsonObject out;
  out.text("id", version.id).number("created_ms", version.created_ms).texts("stages", version.stages);
  if (version.value.binary) out.text("binary", base::base64_encode(*version.value.binary));
  if (version.value.text) out.text("text", *version.value.text);
  return out.finish();
}

Result<StoredVersion> read_version(const aws::JsonFields& fields) {
  StoredVersion out;
  NES_TRY_ASSIGN(out.id, fields.string("id"));
  NES_TRY_ASSIGN(out.created_ms, read_ms(fields, "created_ms"));
  NES_TRY_ASSIGN(out.stages, fields.optional_strings("stages"));
  NES_TRY_ASSIGN(out.value.binary, fields.optional_base64("binary"));
  NES_TRY_ASSIGN(const auto text, fields.optional_string("text"));
  if (text) out.value.text = std::string(*text);
  return out;
}

std::string write_secret(const StoredSecret& secret) {
  std::vector<std::string> versions;
  versions.reserve(secret.versions.size());
  for (const StoredVersion& version : secret.versions) versions.push_back(write_version(version));
  JsonObject out;
  out.text("name", secret.name)
      .text("arn", secret.arn)
      .text("description", secret.description)
      .text("kms_key_id", secret.kms_key_id)
      .number("created_ms", secret.created_ms)
      .number("changed_ms", secret.changed_ms);
  if (secret.deleted_at_ms) out.number("deleted_at_ms", *secret.deleted_at_ms);
  return out.list("versions", versions).finish();
}

Result<StoredSecret> read_secret(const aws::JsonFields& fields) {
  StoredSecret out;
  NES_TRY_ASSIGN(out.name, fields.string("name"));
  NES_TRY_ASSIGN(out.arn, fields.string("arn"));
  NES_TRY_ASSIGN(out.description, fields.string("description"));
  NES_TRY_ASSIGN(out.kms_key_id, fields.string("kms_key_id"));
  NES_TRY_ASSIGN(out.created_ms, read_ms(fields, "created_ms"));
  NES_TRY_ASSIGN(out.changed_ms, read_ms(fields, "changed_ms"));
  if (!fields.scalar("deleted_at_ms").empty()) {
    NES_TRY_ASSIGN(out.deleted_at_ms, read_ms(fields, "deleted_at_ms"));
  }
  NES_TRY_ASSIGN(const auto versions, fields.optional_objects("versions"));
  for (const aws::JsonFields* item : versions) {
    NES_TRY_ASSIGN(StoredVersion version, read_version(*item));
    out.versions.push_back(std::move(version));
  }
  return out;
}

bool has_label(const StoredVersion& version, std::string_view stage) {
  return std::find(version.stages.begin(), version.stages.end(), stage) != version.stages.end();
}

}  // namespace

const StoredVersion* StoredSecret::version(std::string_view id) const {
  const auto at =
      std::find_if(versions.begin(), versions.end(), [&](const auto& have) { return have.id == id; });
  return at == versions.end() ? nullptr : &*at;
}
StoredVersion* StoredSecret::version(std::string_view id) {
  return const_cast<StoredVersion*>(std::as_const(*this).version(id));
}

const StoredVersion* StoredSecret::labelled(std::string_view stage) const {
  const auto at = std::find_if(versions.begin(), versions.end(),
                               [&](const auto& have) { return has_label(have, stage); });
  return at == versions.end() ? nullptr : &*at;
}
StoredVersion* StoredSecret::labelled(std::string_view stage) {
  return const_cast<StoredVersion*>(std::as_const(*this).labelled(stage));
}

std::size_t StoredSecret::label_count() const {
  std::size_t count = 0;
  for (const StoredVersion& version : versions) count += version.stages.size();
  return count;
}

void StoredSecret::move_label(std::string_view stage, StoredVersion* to) {
  StoredVersion* const from = labelled(stage);
  if (from == to) return;
  if (from != nullptr) std::erase(from->stages, stage);
  if (to != nullptr) to->stages.emplace_back(stage);
  if (stage == kCurrent && from != nullptr && to != nullptr) move_label(kPrevious, from);
}

std::string write_secrets(const Secrets& secrets) {
  std::vector<std::string> items;
  items.reserve(secrets.size());
  for (const auto& [name, secret] : secrets) items.push_back(write_secret(secret));
  return JsonObject().list("secrets", items).finish();
}

Result<Secrets> read_secrets(std::string_view text) {
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(text));
  NES_TRY_ASSIGN(const auto items, fields.optional_objects("secrets"));
  Secrets out;
  for (const aws::JsonFields* item : items) {
    NES_TRY_ASSIGN(StoredSecret secret, read_secret(*item));
    std::string name = secret.name;
    out.emplace(std::move(name), std::move(secret));
  }
  return out;
}

}  // namespace nes::aws_emulator

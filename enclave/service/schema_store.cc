#include "enclave/service/schema_store.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "signed_schema/signed_schema.h"

namespace nes::service {

using telemetry::Counter;
using telemetry::OperatorText;

const schema::Schema* SchemaSet::find(std::string_view name) const noexcept {
  const auto found = schemas_.find(name);
  return found == schemas_.end() ? nullptr : found->second.schema.get();
}

bool parse_schema_key(std::string_view key, std::string_view& name, schema::SourceFormat& format) noexcept {
  constexpr std::pair<std::string_view, schema::SourceFormat> kExtensions[] = {
      {".yaml", schema::SourceFormat::kYaml},
      {".yml", schema::SourceFormat::kYaml},
      {".json", schema::SourceFormat::kJson}};
  for (const auto& [extension, its_format] : kExtensions) {
    if (!key.ends_with(extension)) continue;
    name = key.substr(0, key.size() - extension.size());
    format = its_format;
    return !name.empty() && name.size() <= limits::kSchemaNameBytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  }
  return false;
}

void SchemaStore::refuse(const std::string& name, const SchemaSet& set, const Error& error) {
  log_.write(telemetry::SchemaRefused{.schema = OperatorText::loaded_schema(name),
                                      .error = error,
                                      .last_good_kept = set.find(name) != nullptr});
}

Result<SchemaStore::Content> SchemaStore::read(const Listed& listed) {
  Content content;
  NES_TRY_ASSIGN(content.text, source_.get(*listed.texts.front(), limits::kSchemaBytes));
  if (options_.public_key && listed.signature != nullptr) {
    NES_TRY_ASSIGN(content.signature, source_.get(*listed.signature, limits::kSchemaSignatureBytes));
  }
  return content;
}

Result<SchemaStore::Signed> SchemaStore::check_signature(const std::string& name, const Content& content,
                                                         const Signed& in_use) const {
  if (!content.signature) return Error{ErrorCode::kSchemaRefused, "the schema has no signature"};
  NES_TRY_ASSIGN(const auto signature, signed_schema::parse(*content.signature));
  NES_TRY(signed_schema::verify(*options_.public_key, signature, name, content.text));
  NES_TRY_ASSIGN(const auto digest, crypto::sha256({as_bytes(content.text)}));
  if (signature.version < options_.min_version)
    return Error{ErrorCode::kSchemaRefused, "the signed version is below SCHEMA_MIN_VERSION"};
  if (signature.version < in_use.version)
    return Error{ErrorCode::kSchemaRefused, "the signed version is older than the one in use"};
  if (signature.version == in_use.version && digest != in_use.digest)
    return Error{ErrorCode::kSchemaRefused, "the signed version is in use with other content"};
  return Signed{signature.version, digest};
}

Result<std::shared_ptr<const schema::Schema>> SchemaStore::examine(const std::string& name,
                                                                   const Listed& listed,
                                                                   const Content& content,
                                                                   const SchemaSet& set,
                                                                   Signed& in_use) const {
  Signed candidate;
  if (options_.public_key) {
    NES_TRY_ASSIGN(candidate, check_signature(name, content, in_use));
  }
  std::string_view parsed_name;
  schema::SourceFormat format{};
  parse_schema_key(listed.texts.front()->key, parsed_name, format);
  NES_TRY_ASSIGN(auto compiled, schema::Schema::compile(content.text, format, options_.compile));
  const schema::Schema* const current = set.find(name);
  if (!options_.public_key && current != nullptr) NES_TRY(compiled->still_seals(*current));
  in_use = candidate;
  return compiled;
}

bool SchemaStore::take(const std::string& name, const Listed& listed, SchemaSet& set) {
  std::string etag;
  for (const SchemaObject* object : listed.texts) etag += object->key + '\n' + object->etag + '\n';
  if (options_.public_key && listed.signature != nullptr) etag += listed.signature->etag;
  Known& known = known_[name];
  if (known.etag == etag) {
    known.refused = known.etag_refused;  // another version may have come and gone unread
    return false;
  }
  const auto refused = [&](const Error& error, bool remember) {
    refuse(name, set, error);
    known.refused = true;
    if (!remember) return false;
    known.etag = etag;
    known.etag_refused = true;
    return false;
  };
  if (listed.texts.size() > 1) return refused({ErrorCode::kSchemaRefused, "two files have this name"}, true);
  const auto content = read(listed);
  // What could not be read is tried again; what is too large stays so.
  if (!content.ok()) return refused(content.error(), content.error().code == ErrorCode::kLimit);
  auto compiled = examine(name, listed, *content, set, known.in_use);
  if (!compiled.ok()) return refused(compiled.error(), true);
  known.etag = etag;
  known.etag_refused = known.refused = false;
  log_.write(telemetry::SchemaLoaded{.schema = OperatorText::loaded_schema(name),
                                     .version = known.in_use.version,
                                     .roots = (*compiled)->roots().size(),
                                     .planned_paths = (*compiled)->planned_paths()});
  set.schemas_[name] = {std::move(compiled).value(), known.in_use.version};
  return true;
}

Result<void> SchemaStore::refresh() {
  const auto objects = source_.list();
  if (!objects.ok()) {
    counters_.add(Counter::kSchemaRefreshFailures);
    return objects.error();
  }
  std::map<std::string, Listed, std::less<>> listed;
  std::map<std::string_view, const SchemaObject*> signatures;  // by the key of what they sign
  for (const SchemaObject& object : *objects) {
    constexpr std::string_view kSuffix = ".sig";
    std::string_view name;
    schema::SourceFormat format{};
    if (parse_schema_key(object.key, name, format)) listed[std::string(name)].texts.push_back(&object);
    if (object.key.ends_with(kSuffix))
      signatures[std::string_view(object.key).substr(0, object.key.size() - kSuffix.size())] = &object;
  }
  const auto current = published_.get();
  auto next = current == nullptr ? std::make_shared<SchemaSet>() : std::make_shared<SchemaSet>(*current);
  bool changed = current == nullptr;
  for (auto& [name, with_name] : listed) {
    std::sort(with_name.texts.begin(), with_name.texts.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    const auto signature = signatures.find(with_name.texts.front()->key);
    if (signature != signatures.end()) with_name.signature = signature->second;
    changed |= take(name, with_name, *next);
  }
  // A refused one that is gone needs nobody's attention any more.
  confirmed_.clear();
  refused_.clear();
  for (const auto& [name, with_name] : listed) (known_[name].refused ? refused_ : confirmed_).push_back(name);
  counters_.add(refused_.empty() ? Counter::kSchemaRefreshes : Counter::kSchemaRefreshFailures);
  if (changed) published_.publish(std::move(next));
  return {};
}

}  // namespace nes::service

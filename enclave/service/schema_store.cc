#include "enclave/service/schema_store.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace nes::service {

using telemetry::Counter;
using telemetry::OperatorText;

const schema::Schema* SchemaSet::find(std::string_view name) const noexcept {
  const auto found = schemas_.find(name);
  return found == schemas_.end() ? nullptr : found->second.get();
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

bool SchemaStore::take(const std::string& name, const std::vector<const SchemaObject*>& objects,
                       SchemaSet& set) {
  std::string etag;
  for (const SchemaObject* object : objects) etag += object->key + '\n' + object->etag + '\n';
  Known& known = known_[name];
  if (known.etag == etag) return false;
  const auto remember = [&](bool refused) {
    known.etag = etag;
    known.refused = refused;
  };
  if (objects.size() > 1) {
    refuse(name, set, {ErrorCode::kSchemaRefused, "two files have this name"});
    remember(true);
    return false;
  }
  std::string_view parsed_name;
  schema::SourceFormat format{};
  parse_schema_key(objects.front()->key, parsed_name, format);
  const auto text = source_.get(*objects.front());
  if (!text.ok()) {
    refuse(name, set, text.error());
    known.refused = true;  // its ETag is not remembered: reading it is tried again
    return false;
  }
  auto compiled = schema::Schema::compile(*text, format, options_);
  remember(!compiled.ok());
  if (!compiled.ok()) {
    refuse(name, set, compiled.error());
    return false;
  }
  log_.write(telemetry::SchemaLoaded{.schema = OperatorText::loaded_schema(name),
                                     .roots = (*compiled)->roots().size(),
                                     .planned_paths = (*compiled)->planned_paths()});
  set.schemas_[name] = std::move(compiled).value();
  return true;
}

Result<void> SchemaStore::refresh() {
  const auto objects = source_.list();
  if (!objects.ok()) {
    counters_.add(Counter::kSchemaRefreshFailures);
    return objects.error();
  }
  Listed listed;
  for (const SchemaObject& object : *objects) {
    std::string_view name;
    schema::SourceFormat format{};
    if (parse_schema_key(object.key, name, format)) listed[std::string(name)].push_back(&object);
  }
  const auto current = published_.get();
  auto next = current == nullptr ? std::make_shared<SchemaSet>() : std::make_shared<SchemaSet>(*current);
  bool changed = current == nullptr;
  for (auto& [name, with_name] : listed) {
    std::sort(with_name.begin(), with_name.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    changed |= take(name, with_name, *next);
  }
  failing_ = static_cast<std::size_t>(
      std::count_if(known_.begin(), known_.end(), [](const auto& entry) { return entry.second.refused; }));
  counters_.add(failing_ == 0 ? Counter::kSchemaRefreshes : Counter::kSchemaRefreshFailures);
  if (changed) published_.publish(std::move(next));
  return {};
}

}  // namespace nes::service

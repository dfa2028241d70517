#include "aws/json_fields.h"

#include "base/limits.h"

namespace nes::aws {
namespace {

Error malformed(base::StaticText reason) { return {ErrorCode::kMalformed, reason}; }

Result<json::Event> next(json::Reader& reader) {
  Result<json::Event> event = reader.next();
  if (!event.ok() && event.error().code != ErrorCode::kLimit) return malformed("an answer is not JSON");
  return event;
}

}  // namespace

Result<JsonFields> JsonFields::parse(std::string_view text) {
  json::Reader reader(text, limits::kAwsJsonDepth);
  NES_TRY_ASSIGN(const json::Event first, next(reader));
  if (first.type != json::EventType::kBeginObject) return malformed("an answer is no JSON object");
  NES_TRY_ASSIGN(JsonFields fields, read(reader, first));
  NES_TRY_ASSIGN(const json::Event last, next(reader));
  if (last.type != json::EventType::kEnd) return malformed("an answer is not JSON");
  return fields;
}

// The value that begins with `first`. Recursion is as deep as the reader allows.
Result<JsonFields> JsonFields::read(json::Reader& reader, const json::Event& first) {
  JsonFields value;
  switch (first.type) {
    case json::EventType::kBeginObject:
      value.type_ = Type::kObject;
      NES_TRY(value.read_members(reader));
      break;
    case json::EventType::kBeginArray:
      value.type_ = Type::kArray;
      NES_TRY(value.read_items(reader));
      break;
    case json::EventType::kString:
      value.type_ = Type::kString;
      value.text_ = secret::SecretBytes::copy_of(as_bytes(first.text));
      break;
    case json::EventType::kNumber:
      value.type_ = Type::kScalar;
      value.text_ = secret::SecretBytes::copy_of(as_bytes(first.text));
      break;
    case json::EventType::kTrue:
    case json::EventType::kFalse:
      value.type_ = Type::kScalar;
      value.text_ =
          secret::SecretBytes::copy_of(as_bytes(first.type == json::EventType::kTrue ? "true" : "false"));
      break;
    case json::EventType::kNull: break;
    default: return malformed("an answer is not JSON");
  }
  return value;
}

Result<void> JsonFields::read_members(json::Reader& reader) {
  for (;;) {
    NES_TRY_ASSIGN(const json::Event key, next(reader));
    if (key.type == json::EventType::kEndObject) return {};
    std::string name(key.text);
    NES_TRY_ASSIGN(const json::Event first, next(reader));
    NES_TRY_ASSIGN(JsonFields value, read(reader, first));
    if (!members_.emplace(std::move(name), std::move(value)).second)
      return malformed("an answer repeats a field");
  }
}

Result<void> JsonFields::read_items(json::Reader& reader) {
  for (;;) {
    NES_TRY_ASSIGN(const json::Event first, next(reader));
    if (first.type == json::EventType::kEndArray) return {};
    NES_TRY_ASSIGN(JsonFields value, read(reader, first));
    items_.push_back(std::move(value));
  }
}

const JsonFields* JsonFields::find(std::string_view name) const {
  const auto at = members_.find(name);
  return at == members_.end() || at->second.type_ == Type::kNull ? nullptr : &at->second;
}

Result<std::vector<std::string>> JsonFields::strings() const {
  if (type_ != Type::kArray) return malformed("a field of an answer is no list");
  std::vector<std::string> out;
  for (const JsonFields& item : items_) {
    if (item.type_ != Type::kString) return malformed("an item of an answer's list is no string");
    out.emplace_back(as_text(item.text_.reveal()));
  }
  return out;
}

Result<std::optional<std::string_view>> JsonFields::optional_string(std::string_view name) const {
  const JsonFields* field = find(name);
  if (field == nullptr) return std::optional<std::string_view>();
  if (field->type_ != Type::kString) return malformed("a field of an answer is no string");
  return std::optional(as_text(field->text_.reveal()));
}

Result<std::string_view> JsonFields::string(std::string_view name) const {
  NES_TRY_ASSIGN(const auto text, optional_string(name));
  if (!text) return malformed("an answer lacks a field");
  return *text;
}

Result<std::optional<Bytes>> JsonFields::optional_base64(std::string_view name) const {
  NES_TRY_ASSIGN(const auto text, optional_string(name));
  if (!text) return std::optional<Bytes>();
  std::optional<Bytes> bytes = base::base64_decode(*text);
  if (!bytes) return malformed("a field of an answer is not base64");
  return bytes;
}

Result<std::vector<std::string>> JsonFields::optional_strings(std::string_view name) const {
  const JsonFields* field = find(name);
  if (field == nullptr) return std::vector<std::string>();
  return field->strings();
}

Result<std::vector<const JsonFields*>> JsonFields::optional_objects(std::string_view name) const {
  std::vector<const JsonFields*> out;
  const JsonFields* field = find(name);
  if (field == nullptr) return out;
  if (field->type_ != Type::kArray) return malformed("a field of an answer is no list");
  for (const JsonFields& item : field->items_) {
    if (item.type_ != Type::kObject) return malformed("an item of an answer's list is no object");
    out.push_back(&item);
  }
  return out;
}

Result<std::map<std::string, std::vector<std::string>>> JsonFields::optional_string_lists(
    std::string_view name) const {
  std::map<std::string, std::vector<std::string>> out;
  const JsonFields* field = find(name);
  if (field == nullptr) return out;
  if (field->type_ != Type::kObject) return malformed("a field of an answer is no object");
  for (const auto& [key, value] : field->members_) {
    NES_TRY_ASSIGN(std::vector<std::string> items, value.strings());
    out.emplace(key, std::move(items));
  }
  return out;
}

const JsonFields* JsonFields::optional_object(std::string_view name) const {
  const JsonFields* field = find(name);
  return field == nullptr || field->type_ != Type::kObject ? nullptr : field;
}

std::string_view JsonFields::scalar(std::string_view name) const {
  const JsonFields* field = find(name);
  return field == nullptr || field->type_ != Type::kScalar ? std::string_view()
                                                           : as_text(field->text_.reveal());
}

}  // namespace nes::aws

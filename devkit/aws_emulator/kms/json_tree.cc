#include "devkit/aws_emulator/kms/json_tree.h"

#include <charconv>
#include <utility>

#include "base/limits.h"
#include "json/reader.h"

namespace nes::aws_emulator {
namespace {

using json::EventType;

Error wrong_type() { return {ErrorCode::kMalformed, "a member has another type"}; }

}  // namespace

class JsonTree::Builder {
 public:
  explicit Builder(std::string_view text) noexcept : reader_(text, limits::kEmulatorJsonDepth) {}

  Result<JsonTree> object() {
    NES_TRY_ASSIGN(const json::Event first, next());
    if (first.type != EventType::kBeginObject)
      return Error{ErrorCode::kMalformed, "the text is no JSON object"};
    NES_TRY_ASSIGN(JsonTree out, value(first));
    NES_TRY_ASSIGN(const json::Event last, next());
    if (last.type != EventType::kEnd) return Error{ErrorCode::kMalformed, "something follows the object"};
    return out;
  }

 private:
  Result<json::Event> next() {
    Result<json::Event> event = reader_.next();
    if (!event.ok() && event.error().code == ErrorCode::kMalformedJson)
      return Error{ErrorCode::kMalformed, "the text is not JSON"};
    return event;
  }

  // The value that begins with `first`. Recursion is as deep as the reader allows.
  Result<JsonTree> value(const json::Event& first) {
    JsonTree out;
    switch (first.type) {
      case EventType::kBeginObject: return members();
      case EventType::kBeginArray: return items();
      case EventType::kString: out.type_ = Type::kText; break;
      case EventType::kNumber: out.type_ = Type::kNumber; break;
      case EventType::kTrue:
      case EventType::kFalse: out.type_ = Type::kFlag; break;
      default: return out;
    }
    out.text_ = first.type == EventType::kTrue ? "true" : std::string(first.text);
    return out;
  }

  Result<JsonTree> members() {
    JsonTree out;
    out.type_ = Type::kObject;
    for (;;) {
      NES_TRY_ASSIGN(const json::Event key, next());
      if (key.type == EventType::kEndObject) return out;
      std::string name(key.text);
      NES_TRY_ASSIGN(const json::Event first, next());
      NES_TRY_ASSIGN(JsonTree member, value(first));
      if (!out.members_.emplace(std::move(name), std::move(member)).second)
        return Error{ErrorCode::kMalformed, "a key is repeated"};
    }
  }

  Result<JsonTree> items() {
    JsonTree out;
    out.type_ = Type::kList;
    for (;;) {
      NES_TRY_ASSIGN(const json::Event first, next());
      if (first.type == EventType::kEndArray) return out;
      NES_TRY_ASSIGN(JsonTree item, value(first));
      out.items_.push_back(std::move(item));
    }
  }

  json::Reader reader_;
};

Result<JsonTree> JsonTree::parse(std::string_view text) { return Builder(text).object(); }

const JsonTree* JsonTree::find(std::string_view name) const {
  const auto at = members_.find(name);
  return at == members_.end() || at->second.type_ == Type::kNull ? nullptr : &at->second;
}

Result<std::optional<std::string>> JsonTree::text(std::string_view name) const {
  const JsonTree* const found = find(name);
  if (found == nullptr) return std::optional<std::string>();
  if (found->type_ != Type::kText) return wrong_type();
  return std::optional(found->text_);
}

Result<std::optional<Bytes>> JsonTree::base64(std::string_view name) const {
  NES_TRY_ASSIGN(const std::optional<std::string> encoded, text(name));
  if (!encoded) return std::optional<Bytes>();
  std::optional<Bytes> bytes = base::base64_decode(*encoded);
  if (!bytes) return Error{ErrorCode::kMalformed, "a member is not base64"};
  return bytes;
}

Result<std::optional<std::int64_t>> JsonTree::integer(std::string_view name) const {
  const JsonTree* const found = find(name);
  if (found == nullptr) return std::optional<std::int64_t>();
  if (found->type_ != Type::kNumber) return wrong_type();
  const std::string& digits = found->text_;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size()) return wrong_type();
  return std::optional(out);
}

Result<bool> JsonTree::flag(std::string_view name) const {
  const JsonTree* const found = find(name);
  if (found == nullptr) return false;
  if (found->type_ != Type::kFlag) return wrong_type();
  return found->text_ == "true";
}

Result<std::vector<std::string>> JsonTree::texts(std::string_view name) const {
  std::vector<std::string> out;
  const JsonTree* const found = find(name);
  if (found == nullptr) return out;
  if (found->type_ != Type::kList) return wrong_type();
  for (const JsonTree& item : found->items_) {
    if (item.type_ != Type::kText) return wrong_type();
    out.push_back(item.text_);
  }
  return out;
}

Result<std::map<std::string, std::string>> JsonTree::text_map(std::string_view name) const {
  std::map<std::string, std::string> out;
  NES_TRY_ASSIGN(const JsonTree* const found, object(name));
  if (found == nullptr) return out;
  for (const auto& [key, member] : found->members_) {
    if (member.type_ != Type::kText) return wrong_type();
    out.emplace(key, member.text_);
  }
  return out;
}

Result<std::vector<const JsonTree*>> JsonTree::objects(std::string_view name) const {
  std::vector<const JsonTree*> out;
  const JsonTree* const found = find(name);
  if (found == nullptr) return out;
  if (found->type_ != Type::kList) return wrong_type();
  for (const JsonTree& item : found->items_) {
    if (item.type_ != Type::kObject) return wrong_type();
    out.push_back(&item);
  }
  return out;
}

Result<const JsonTree*> JsonTree::object(std::string_view name) const {
  const JsonTree* const found = find(name);
  if (found != nullptr && found->type_ != Type::kObject) return wrong_type();
  return found;
}

}  // namespace nes::aws_emulator

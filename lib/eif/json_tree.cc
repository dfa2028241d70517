#include "eif/json_tree.h"

#include <charconv>
#include <set>

#include "eif/limits.h"
#include "json/reader.h"

namespace nes::eif {
namespace {

Error malformed(base::StaticText reason, std::uint64_t line = 0) noexcept {
  return {ErrorCode::kMalformed, reason, line};
}

}  // namespace

// Recursion is as deep as the reader lets it.
class JsonTreeParser {
 public:
  explicit JsonTreeParser(std::string_view text) noexcept : reader_(text, limits::kEifDocumentDepth) {}

  Result<JsonTree> run() {
    NES_TRY_ASSIGN(JsonTree tree, value());
    NES_TRY_ASSIGN(const json::Event last, next());
    if (last.type != json::EventType::kEnd) return malformed("not JSON", last.line);
    return tree;
  }

 private:
  Result<json::Event> next() {
    auto event = reader_.next();
    if (!event.ok() && event.error().code != ErrorCode::kLimit)
      return malformed("not JSON", event.error().position);
    return event;
  }

  Result<JsonTree> value() {
    NES_TRY_ASSIGN(const json::Event first, next());
    return value(first);
  }

  Result<JsonTree> value(const json::Event& first) {
    if (++values_ > limits::kEifDocumentValues)
      return Error{ErrorCode::kLimit, "there are too many values", first.line};
    JsonTree tree;
    tree.text_ = first.text;
    switch (first.type) {
      case json::EventType::kBeginObject: return members();
      case json::EventType::kBeginArray: return items();
      case json::EventType::kString: tree.type_ = JsonTree::Type::kString; break;
      case json::EventType::kNumber: tree.type_ = JsonTree::Type::kNumber; break;
      case json::EventType::kTrue:
      case json::EventType::kFalse:
        tree.type_ = JsonTree::Type::kBoolean;
        tree.text_ = first.type == json::EventType::kTrue ? "true" : "false";
        break;
      case json::EventType::kNull: break;
      default: return malformed("not JSON", first.line);
    }
    return tree;
  }

  Result<JsonTree> members() {
    JsonTree tree;
    tree.type_ = JsonTree::Type::kObject;
    std::set<std::string, std::less<>> names;
    for (;;) {
      NES_TRY_ASSIGN(const json::Event key, next());
      if (key.type == json::EventType::kEndObject) return tree;
      std::string name(key.text);
      if (!names.insert(name).second) return malformed("a key is there twice", key.line);
      NES_TRY_ASSIGN(JsonTree member, value());
      tree.members_.emplace_back(std::move(name), std::move(member));
    }
  }

  Result<JsonTree> items() {
    JsonTree tree;
    tree.type_ = JsonTree::Type::kArray;
    for (;;) {
      NES_TRY_ASSIGN(const json::Event first, next());
      if (first.type == json::EventType::kEndArray) return tree;
      NES_TRY_ASSIGN(JsonTree item, value(first));
      tree.items_.push_back(std::move(item));
    }
  }

  json::Reader reader_;
  std::size_t values_ = 0;
};

Result<JsonTree> JsonTree::parse(std::string_view text) {
  if (text.size() > limits::kEifDocumentBytes)
    return Error{ErrorCode::kLimit, "the JSON document is too large"};
  return JsonTreeParser(text).run();
}

const JsonTree* JsonTree::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : members_)
    if (key == name) return value.type_ == Type::kNull ? nullptr : &value;
  return nullptr;
}

Result<std::string> JsonTree::optional_string(std::string_view name) const {
  const JsonTree* member = find(name);
  if (member == nullptr) return std::string();
  if (member->type_ != Type::kString) return malformed("a member is no string");
  return member->text_;
}

Result<std::vector<std::string>> JsonTree::optional_strings(std::string_view name) const {
  std::vector<std::string> strings;
  NES_TRY_ASSIGN(const JsonTree* member, optional_array(name));
  if (member == nullptr) return strings;
  for (const JsonTree& item : member->items_) {
    if (item.type_ != Type::kString) return malformed("an item of a list is no string");
    strings.push_back(item.text_);
  }
  return strings;
}

Result<std::optional<std::uint64_t>> JsonTree::optional_size(std::string_view name) const {
  const JsonTree* member = find(name);
  if (member == nullptr) return std::optional<std::uint64_t>();
  std::uint64_t size = 0;
  const char* const end = member->text_.data() + member->text_.size();
  const auto [at, error] = std::from_chars(member->text_.data(), end, size);
  if (member->type_ != Type::kNumber || error != std::errc() || at != end)
    return malformed("a member is no size");
  return std::optional(size);
}

Result<const JsonTree*> JsonTree::optional_object(std::string_view name) const {
  const JsonTree* member = find(name);
  if (member != nullptr && member->type_ != Type::kObject) return malformed("a member is no object");
  return member;
}

Result<const JsonTree*> JsonTree::optional_array(std::string_view name) const {
  const JsonTree* member = find(name);
  if (member != nullptr && member->type_ != Type::kArray) return malformed("a member is no list");
  return member;
}

}  // namespace nes::eif

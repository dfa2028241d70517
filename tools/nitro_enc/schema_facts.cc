#include "tools/nitro_enc/schema_facts.h"

#include <charconv>

namespace nes::nitro_enc {
namespace {

using schema::NodeId;
using schema::NodeKind;
using schema::SourceTree;

// A value out of so many is found by trying all of them within seconds.
constexpr double kFewValues = 1'000'000;

std::optional<double> number(const SourceTree& tree, NodeId id) {
  if (tree.kind(id) != NodeKind::kNumber) return std::nullopt;
  const std::string_view text = tree.text(id);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void SchemaFacts::add_type(std::string_view type) {
  typed_ = typed_ || type != "null";
  text_ = text_ || type == "string";
  integer_ = integer_ || type == "integer";
  number_ = number_ || type == "number";
  boolean_ = boolean_ || type == "boolean";
  compound_ = compound_ || type == "object" || type == "array";
}

void SchemaFacts::add(const SourceTree& tree, NodeId source) {
  for (const auto& [key, value] : tree.children(source)) {
    if (key == "type" && tree.is_string(value)) add_type(tree.text(value));
    if (key == "type" && tree.is_sequence(value))
      for (const auto& item : tree.children(value)) add_type(tree.text(item.value));
    if (key == "format" && tree.is_string(value)) formats_.push_back(tree.text(value));
    if (key == "x-pii" && tree.is_boolean(value, false)) acknowledged_ = true;
    if (key == "enum" || key == "const") listed_ = true;
    if (key == "properties" || key == "patternProperties" || key == "items" || key == "prefixItems")
      structured_ = true;
    if (key == "minimum" || key == "exclusiveMinimum")
      if (const auto bound = number(tree, value)) minimum_ = bound;
    if (key == "maximum" || key == "exclusiveMaximum")
      if (const auto bound = number(tree, value)) maximum_ = bound;
  }
}

bool SchemaFacts::may_be_free_text() const noexcept {
  if (listed_) return false;
  return typed_ ? text_ || integer_ || number_ : !structured_;
}

std::string_view SchemaFacts::guessable() const noexcept {
  if (listed_) return "a value out of a list";
  if (boolean_ && !text_ && !integer_ && !number_ && !compound_) return "a boolean";
  const bool only_integers = integer_ && !text_ && !number_ && !compound_;
  if (only_integers && minimum_ && maximum_ && *maximum_ - *minimum_ < kFewValues)
    return "an integer of a small range";
  return {};
}

}  // namespace nes::nitro_enc

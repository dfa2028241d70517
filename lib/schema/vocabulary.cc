#include "schema/vocabulary.h"

#include <algorithm>
#include <array>
#include <string>

namespace nes::schema {
namespace {

struct Entry {
  std::string_view name;
  Keyword keyword;
};

// In order of names.
constexpr auto kVocabulary = std::to_array<Entry>({
    {"$anchor", Keyword::kInert},  // only `#name` fragments use it, and those are refused
    {"$comment", Keyword::kInert},
    {"$defs", Keyword::kNames},
    {"$dynamicAnchor", Keyword::kRefused},
    {"$dynamicRef", Keyword::kRefused},
    {"$id", Keyword::kRefused},
    {"$recursiveAnchor", Keyword::kRefused},
    {"$recursiveRef", Keyword::kRefused},
    {"$ref", Keyword::kReference},
    {"$schema", Keyword::kDialect},
    {"additionalItems", Keyword::kRefused},
    {"additionalProperties", Keyword::kAdditionalProperties},
    {"allOf", Keyword::kInPlaceList},
    {"anyOf", Keyword::kInPlaceList},
    {"const", Keyword::kData},
    {"contains", Keyword::kContains},
    {"contentEncoding", Keyword::kInert},
    {"contentMediaType", Keyword::kInert},
    {"contentSchema", Keyword::kNegative},
    {"default", Keyword::kData},
    {"definitions", Keyword::kNames},
    {"dependencies", Keyword::kRefused},
    {"dependentRequired", Keyword::kNameLists},
    {"dependentSchemas", Keyword::kInPlaceMap},
    {"deprecated", Keyword::kInert},
    {"description", Keyword::kInert},
    {"discriminator", Keyword::kDiscriminator},
    {"else", Keyword::kInPlace},
    {"enum", Keyword::kData},
    {"example", Keyword::kData},
    {"examples", Keyword::kData},
    {"exclusiveMaximum", Keyword::kInert},
    {"exclusiveMinimum", Keyword::kInert},
    {"externalDocs", Keyword::kNote},
    {"format", Keyword::kInert},
    {"if", Keyword::kInPlace},
    {"items", Keyword::kItems},
    {"maxContains", Keyword::kInert},
    {"maxItems", Keyword::kInert},
    {"maxLength", Keyword::kInert},
    {"maxProperties", Keyword::kInert},
    {"maximum", Keyword::kInert},
    {"minContains", Keyword::kInert},
    {"minItems", Keyword::kInert},
    {"minLength", Keyword::kInert},
    {"minProperties", Keyword::kInert},
    {"minimum", Keyword::kInert},
    {"multipleOf", Keyword::kInert},
    {"not", Keyword::kNegative},
    {"nullable", Keyword::kInert},
    {"oneOf", Keyword::kInPlaceList},
    {"pattern", Keyword::kInert},
    {"patternProperties", Keyword::kPatternProperties},
    {"prefixItems", Keyword::kPrefixItems},
    {"properties", Keyword::kProperties},
    {"propertyNames", Keyword::kNegative},
    {"readOnly", Keyword::kInert},
    {"required", Keyword::kInert},
    {"then", Keyword::kInPlace},
    {"title", Keyword::kInert},
    {"type", Keyword::kInert},
    {"unevaluatedItems", Keyword::kUnevaluatedItems},
    {"unevaluatedProperties", Keyword::kUnevaluatedProperties},
    {"uniqueItems", Keyword::kInert},
    {"writeOnly", Keyword::kInert},
    {"x-pii", Keyword::kPii},
    {"xml", Keyword::kNote},
});
static_assert(std::ranges::is_sorted(kVocabulary, {}, &Entry::name));

}  // namespace

Keyword keyword_of(std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(kVocabulary, name, {}, &Entry::name);
  if (found != kVocabulary.end() && found->name == name) return found->keyword;
  return name.starts_with("x-") ? Keyword::kExtension : Keyword::kUnknown;
}

bool maps_names(Keyword keyword) noexcept {
  return keyword == Keyword::kNames || keyword == Keyword::kInPlaceMap || keyword == Keyword::kProperties ||
         keyword == Keyword::kPatternProperties;
}

bool is_known_dialect(std::string_view uri) noexcept {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  return uri == "https://spec.openapis.org/oas/3.1/dialect/base" ||
         uri == "https://json-schema.org/draft/2020-12/schema";
}

bool resembles_pii(std::string_view name) noexcept {
  constexpr std::string_view kLetters = "xpii";
  std::size_t matched = 0;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (matched == kLetters.size() || lower != kLetters[matched]) return false;
    ++matched;
  }
  return matched == kLetters.size() && name != "x-pii";
}

bool holds_mapping(const SourceTree& tree, NodeId value) {
  if (tree.is_mapping(value)) return true;
  return std::ranges::any_of(tree.children(value),
                             [&tree](const Child& child) { return holds_mapping(tree, child.value); });
}

bool holds_pointer(const SourceTree& tree, NodeId value) {
  if (tree.text(value).starts_with("#/")) return true;
  return std::ranges::any_of(tree.children(value),
                             [&tree](const Child& child) { return holds_pointer(tree, child.value); });
}

}  // namespace nes::schema

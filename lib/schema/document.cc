#include "schema/document.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/limits.h"
#include "schema/reference.h"
#include "schema/vocabulary.h"

namespace nes::schema {
namespace {

using enum ObjectType;
using enum FieldShape;

// OpenAPI 3.1.0 section 4.8, whose objects contain those of 3.0.3 section 4.7.
constexpr auto kFields = std::to_array<Field>({
    {kDocument, "components", kObject, kComponents},
    {kDocument, "paths", kPatterns, kPathItem},
    {kDocument, "webhooks", kNames, kPathItem},
    {kComponents, "callbacks", kNames, kCallback},
    {kComponents, "examples", kObject, kData},
    {kComponents, "headers", kNames, kParameter},
    {kComponents, "parameters", kNames, kParameter},
    {kComponents, "pathItems", kNames, kPathItem},
    {kComponents, "requestBodies", kNames, kRequestBody},
    {kComponents, "responses", kNames, kResponse},
    {kComponents, "schemas", kNames, kSchema},
    {kPathItem, "delete", kObject, kOperation},
    {kPathItem, "get", kObject, kOperation},
    {kPathItem, "head", kObject, kOperation},
    {kPathItem, "options", kObject, kOperation},
    {kPathItem, "parameters", kList, kParameter},
    {kPathItem, "patch", kObject, kOperation},
    {kPathItem, "post", kObject, kOperation},
    {kPathItem, "put", kObject, kOperation},
    {kPathItem, "trace", kObject, kOperation},
    {kOperation, "callbacks", kNames, kCallback},
    {kOperation, "parameters", kList, kParameter},
    {kOperation, "requestBody", kObject, kRequestBody},
    {kOperation, "responses", kPatterns, kResponse},
    {kRequestBody, "content", kNames, kMediaType},
    {kResponse, "content", kNames, kMediaType},
    {kResponse, "headers", kNames, kParameter},
    {kMediaType, "encoding", kNames, kEncoding},
    {kMediaType, "example", kObject, kData},
    {kMediaType, "examples", kObject, kData},
    {kMediaType, "schema", kObject, kSchema},
    {kEncoding, "headers", kNames, kParameter},
    {kParameter, "content", kNames, kParameterMediaType},
    {kParameter, "example", kObject, kData},
    {kParameter, "examples", kObject, kData},
    {kParameter, "schema", kObject, kParameterSchema},
    {kParameterMediaType, "encoding", kNames, kEncoding},
    {kParameterMediaType, "example", kObject, kData},
    {kParameterMediaType, "examples", kObject, kData},
    {kParameterMediaType, "schema", kObject, kParameterSchema},
});

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<void> check_version(const SourceTree& tree) {
  const NodeId root = tree.root();
  if (!tree.is_mapping(root)) return tree.refused(root, "the document is not a mapping");
  const NodeId version = tree.find(root, "openapi");
  if (version == kNoNode) return tree.refused(root, "the document does not say openapi");
  const std::string_view text = tree.text(version);
  const bool known = text.starts_with("3.0.") || text.starts_with("3.1.");
  if (!tree.is_string(version) || !known || !is_digits(text.substr(4))) {
    return tree.refused(version, "openapi is neither 3.0.x nor 3.1.x");
  }
  const NodeId dialect = tree.find(root, "jsonSchemaDialect");
  if (dialect != kNoNode && !(tree.is_string(dialect) && is_known_dialect(tree.text(dialect)))) {
    return tree.refused(dialect, "a dialect that is not understood");
  }
  return {};
}

class RootFinder {
 public:
  explicit RootFinder(const SourceTree& tree) noexcept : tree_(tree) {}

  Result<std::vector<Root>> find() {
    NES_TRY(check_version(tree_));
    later({tree_.root(), kDocument, "", false});
    while (!pending_.empty()) {
      const Place place = std::move(pending_.back());
      pending_.pop_back();
      NES_TRY(visit(place));
      if (roots_.size() > limits::kSchemaRoots) {
        return Error{ErrorCode::kLimit, "the document has too many root schemas", tree_.line(place.node)};
      }
    }
    std::ranges::sort(roots_, {}, &Root::schema);
    return std::move(roots_);
  }

 private:
  struct Place {
    NodeId node;
    ObjectType type;
    std::string pointer;
    bool member;  // of a list or a mapping from names
  };

  void later(Place place) {
    if (seen_.emplace(place.node, place.type).second) pending_.push_back(std::move(place));
  }

  Result<void> visit(const Place& place) {
    if (place.type == kSchema) {
      roots_.push_back({place.pointer, place.node, place.member});
      return {};
    }
    if (place.type == kParameterSchema || place.type == kData) return {};
    if (!tree_.is_mapping(place.node)) return tree_.refused(place.node, "an OpenAPI object is not a mapping");
    if (place.type == kCallback) NES_TRY(visit_members(place, kPatterns, kPathItem));
    for (const Child& child : tree_.children(place.node)) {
      if (child.key == "$ref") {
        NES_TRY_ASSIGN(Reference reference, resolve_reference(tree_, child.value));
        later({reference.target, place.type, std::move(reference.pointer), place.member});
        continue;
      }
      const Field* field = find_field(place.type, child.key);
      if (field == nullptr) continue;
      Place value{child.value, field->type, child_pointer(place.pointer, child.key), false};
      if (field->shape == kObject) {
        later(std::move(value));
      } else {
        NES_TRY(visit_members(value, field->shape, field->type));
      }
    }
    return {};
  }

  Result<void> visit_members(const Place& place, FieldShape shape, ObjectType type) {
    const bool list = shape == kList;
    if (list && !tree_.is_sequence(place.node))
      return tree_.refused(place.node, "an OpenAPI list is not a list");
    if (!list && !tree_.is_mapping(place.node)) {
      return tree_.refused(place.node, "an OpenAPI object is not a mapping");
    }
    std::size_t index = 0;
    for (const Child& child : tree_.children(place.node)) {
      const std::string key = list ? std::to_string(index++) : std::string(child.key);
      const bool reference = place.type == kCallback && type == kPathItem && key == "$ref";
      if (reference || !is_member(shape, key)) continue;
      later({child.value, type, child_pointer(place.pointer, key), true});
    }
    return {};
  }

  const SourceTree& tree_;
  std::vector<Place> pending_;
  std::set<std::pair<NodeId, ObjectType>> seen_;
  std::vector<Root> roots_;
};

}  // namespace

const Field* find_field(ObjectType owner, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      kFields, [owner, name](const Field& field) { return field.owner == owner && field.name == name; });
  return found == kFields.end() ? nullptr : &*found;
}

bool is_member(FieldShape shape, std::string_view key) noexcept {
  return shape != kPatterns || !key.starts_with("x-");
}

Result<std::vector<Root>> find_roots(const SourceTree& tree) { return RootFinder(tree).find(); }

}  // namespace nes::schema

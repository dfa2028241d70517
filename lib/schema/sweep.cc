#include "schema/sweep.h"

#include <algorithm>

#include "schema/document.h"
#include "schema/vocabulary.h"

namespace nes::schema {
namespace {

// Recursion is as deep as the tree, which limits::kSchemaDepth bounds.
class Sweep {
 public:
  Sweep(const SourceTree& tree, const std::vector<bool>& reached) noexcept : tree_(tree), reached_(reached) {}

  Result<void> value(NodeId node, ObjectType type) const {
    if (type == ObjectType::kData) return {};
    const bool is_schema = type == ObjectType::kSchema || type == ObjectType::kParameterSchema;
    if (tree_.is_mapping(node) && (reached_[node] || is_schema)) return schema(node);
    if (type == ObjectType::kCallback && tree_.is_mapping(node)) {
      return members(node, FieldShape::kPatterns, ObjectType::kPathItem);
    }
    for (const Child& child : tree_.children(node)) {
      const Field* field = find_field(type, child.key);
      if (field != nullptr && field->shape != FieldShape::kObject) {
        NES_TRY(members(child.value, field->shape, field->type));
        continue;
      }
      NES_TRY(refuse_pii(child));
      NES_TRY(value(child.value, field == nullptr ? ObjectType::kOther : field->type));
    }
    return {};
  }

 private:
  Result<void> refuse_pii(const Child& child) const {
    if (child.key != "x-pii" || tree_.is_boolean(child.value, false)) return {};
    return tree_.refused(child.value, "an x-pii that no root schema reaches");
  }

  // The members of a list, or of a mapping from names.
  Result<void> members(NodeId node, FieldShape shape, ObjectType type) const {
    for (const Child& child : tree_.children(node)) {
      if (!is_member(shape, child.key)) {
        NES_TRY(refuse_pii(child));
        NES_TRY(value(child.value, ObjectType::kOther));
        continue;
      }
      if (child.key == "x-pii" && is_pii_value(child.value)) {
        return tree_.refused(child.value, "an x-pii stands among names");
      }
      NES_TRY(value(child.value, type));
    }
    return {};
  }

  // What a person who put x-pii a level too deep would have written; as a schema it would mean nothing.
  bool is_pii_value(NodeId node) const {
    if (tree_.is_boolean(node, true)) return true;
    const auto known = [](const Child& child) {
      return child.key == "mode" || child.key == "context" || child.key == "previous_contexts";
    };
    return !tree_.children(node).empty() && std::ranges::all_of(tree_.children(node), known);
  }

  Result<void> schema(NodeId node) const {
    for (const Child& child : tree_.children(node)) {
      if (!reached_[node]) {
        NES_TRY(refuse_pii(child));
        const bool external = child.key == "$ref" && !tree_.text(child.value).starts_with('#');
        if (external) return tree_.refused(child.value, "a $ref leaves the document");
      }
      if (resembles_pii(child.key)) return tree_.refused(child.value, "a keyword resembles x-pii");
      NES_TRY(keyword(child));
    }
    return {};
  }

  Result<void> keyword(const Child& child) const {
    switch (const Keyword keyword = keyword_of(child.key)) {
      case Keyword::kData:
      case Keyword::kPii: return {};
      case Keyword::kNameLists: return members(child.value, FieldShape::kNames, ObjectType::kOther);
      case Keyword::kNames:
      case Keyword::kInPlaceMap:
      case Keyword::kProperties:
      case Keyword::kPatternProperties:
      case Keyword::kInPlaceList:
      case Keyword::kPrefixItems: {
        const FieldShape shape = maps_names(keyword) ? FieldShape::kNames : FieldShape::kList;
        return members(child.value, shape, ObjectType::kSchema);
      }
      case Keyword::kInPlace:
      case Keyword::kAdditionalProperties:
      case Keyword::kUnevaluatedProperties:
      case Keyword::kItems:
      case Keyword::kContains:
      case Keyword::kUnevaluatedItems:
      case Keyword::kNegative: return value(child.value, ObjectType::kSchema);
      case Keyword::kUnknown:
      case Keyword::kExtension:
      case Keyword::kInert:
      case Keyword::kNote:
      case Keyword::kDiscriminator:
      case Keyword::kDialect:
      case Keyword::kReference:
      case Keyword::kRefused: break;
    }
    return value(child.value, ObjectType::kOther);
  }

  const SourceTree& tree_;
  const std::vector<bool>& reached_;
};

}  // namespace

Result<void> refuse_unreached(const SourceTree& tree, const std::vector<bool>& reached) {
  return Sweep(tree, reached).value(tree.root(), ObjectType::kDocument);
}

}  // namespace nes::schema

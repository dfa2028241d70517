// The schemas that the roots reach, as a graph: what each one says of its value's members and elements, which
// others apply to the same value, and its rule. Keywords are understood here or the document is refused.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/plan.h"
#include "schema/document.h"
#include "schema/field_plan.h"
#include "schema/pattern.h"
#include "schema/source_tree.h"

namespace nes::schema {

using SchemaId = std::uint32_t;
inline constexpr SchemaId kNoSchema = 0xFFFFFFFF;
inline constexpr SchemaId kEmptySchema = 0;  // `true`, `false`: present, and silent

using KeyId = std::uint32_t;
inline constexpr KeyId kNoKey = 0xFFFFFFFF;

struct Property {
  KeyId key;
  SchemaId schema;
};

struct PatternProperty {
  PatternId pattern;
  NodeId position;  // document order
  SchemaId schema;
};

struct SchemaNode {
  NodeId source = kNoNode;
  std::uint32_t line = 0;
  json::RuleIndex rule = json::kNoRule;
  std::uint32_t rule_line = 0;
  bool sealed = false;  // as a whole: it has a rule, or takes in by $ref and allOf what has one

  SchemaId reference = kNoSchema;
  std::vector<SchemaId> all_of;
  std::vector<SchemaId> conditional;  // anyOf, oneOf, if, then, else, dependentSchemas, discriminator

  std::vector<Property> properties;       // by key
  std::vector<PatternProperty> patterns;  // in document order
  SchemaId additional_properties = kNoSchema;
  SchemaId unevaluated_properties = kNoSchema;
  bool refuses_additional = false;  // `false` is written there, which is kEmptySchema as `true` is
  bool refuses_unevaluated = false;

  std::vector<SchemaId> prefix_items;
  SchemaId items = kNoSchema;
  SchemaId contains = kNoSchema;
  SchemaId unevaluated_items = kNoSchema;

  // The schema that `properties` has for `key`, or kNoSchema.
  SchemaId property(KeyId key) const noexcept;
};

struct SchemaGraph {
  std::vector<SchemaNode> nodes;       // [kEmptySchema] is the empty schema
  std::vector<SchemaId> roots;         // beside the document's roots
  std::vector<std::string_view> keys;  // by KeyId; views into the tree
  std::vector<Rule> rules;             // by json::RuleIndex; no two are the same
  PatternSet patterns;
  std::vector<bool> reached;  // by NodeId: mappings that were read as schemas
};

// kSchemaRefused for what is not understood in full, kLimit beyond the bounds of limits.h. `tree` must
// outlive the graph.
Result<SchemaGraph> build_graph(const SourceTree& tree, const std::vector<Root>& roots,
                                const CompileOptions& options);

// Calls visit(SchemaId) for every schema that applies to the same value whatever the value is.
template <typename Visit>
void for_each_certain(const SchemaNode& node, Visit visit) {
  if (node.reference != kNoSchema) visit(node.reference);
  for (const SchemaId id : node.all_of) visit(id);
}

// Calls visit(SchemaId) for every schema that applies to the same value.
template <typename Visit>
void for_each_in_place(const SchemaNode& node, Visit visit) {
  for_each_certain(node, visit);
  for (const SchemaId id : node.conditional) visit(id);
}

// Calls visit(SchemaId) for every schema of a member or an element.
template <typename Visit>
void for_each_below(const SchemaNode& node, Visit visit) {
  for (const Property& property : node.properties) visit(property.schema);
  for (const PatternProperty& pattern : node.patterns) visit(pattern.schema);
  for (const SchemaId id : node.prefix_items) visit(id);
  for (const SchemaId id : {node.additional_properties, node.unevaluated_properties, node.items,
                            node.contains, node.unevaluated_items}) {
    if (id != kNoSchema) visit(id);
  }
}

}  // namespace nes::schema

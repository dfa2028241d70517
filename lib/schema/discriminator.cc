#include "schema/discriminator.h"

#include <string_view>

#include "schema/reference.h"

namespace nes::schema {
namespace {

Result<NodeId> mapped_schema(const SourceTree& tree, NodeId value) {
  const std::string_view text = tree.text(value);
  if (tree.is_string(value) && !text.starts_with('#')) {
    const NodeId component = tree.resolve(child_pointer("/components/schemas", text));
    if (component != kNoNode) return component;
  } else if (const auto reference = resolve_reference(tree, value); reference.ok()) {
    return reference->target;
  }
  return tree.refused(value, "the mapping of a discriminator leads to no schema of the document");
}

// Calls visit(id, add) once for every schema of `start` and every one that is given to add.
template <typename Visit>
void walk(const std::vector<SchemaId>& start, std::size_t size, Visit visit) {
  std::vector<bool> seen(size);
  std::vector<SchemaId> pending;
  const auto add = [&seen, &pending](SchemaId id) {
    if (!seen[id]) pending.push_back(id);
    seen[id] = true;
  };
  for (const SchemaId id : start) add(id);
  while (!pending.empty()) {
    const SchemaId id = pending.back();
    pending.pop_back();
    visit(id, add);
  }
}

}  // namespace

Result<std::vector<NodeId>> mapped_schemas(const SourceTree& tree, NodeId value) {
  if (!tree.is_mapping(value)) return tree.refused(value, "a discriminator is not a mapping");
  std::vector<NodeId> schemas;
  for (const Child& child : tree.children(value)) {
    if (child.key.starts_with("x-") || (child.key == "propertyName" && tree.is_string(child.value))) continue;
    if (child.key != "mapping" || !tree.is_mapping(child.value)) {
      return tree.refused(child.value, "a discriminator has a member that is not understood");
    }
    for (const Child& name : tree.children(child.value)) {
      NES_TRY_ASSIGN(const NodeId schema, mapped_schema(tree, name.value));
      schemas.push_back(schema);
    }
  }
  return schemas;
}

void add_heirs(std::vector<SchemaNode>& nodes, const std::vector<SchemaId>& bases,
               const std::vector<SchemaId>& components) {
  if (bases.empty()) return;
  // By schema: those that take it in and are a component, or a part of one as `allOf: [{$ref: …}]` has it.
  std::vector<std::vector<SchemaId>> takers(nodes.size());
  walk(components, nodes.size(), [&nodes, &takers](SchemaId id, const auto& add) {
    for_each_certain(nodes[id], [&takers, &add, id](SchemaId taken) {
      takers[taken].push_back(id);
      add(taken);
    });
  });
  // Step by step from the bases: whatever takes in a base applies with it, so the next step may start there.
  walk(bases, nodes.size(), [&nodes, &takers](SchemaId id, const auto& add) {
    for (const SchemaId taker : takers[id]) {
      nodes[id].conditional.push_back(taker);
      add(taker);
    }
  });
}

}  // namespace nes::schema

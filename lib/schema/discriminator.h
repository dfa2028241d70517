// Discriminators (OpenAPI 3.0.3 section 4.7.25, 3.1.0 section 4.8.25): which schemas a value may be of that
// is said to be of the schema with the discriminator.
#pragma once

#include <vector>

#include "base/result.h"
#include "schema/schema_graph.h"
#include "schema/source_tree.h"

namespace nes::schema {

// What the mapping of the Discriminator Object `value` leads to, in document order: a text that begins with
// `#` is a reference, any other is the name of a component schema. kSchemaRefused with the line of what is no
// Discriminator Object, or leads to nothing in the document.
Result<std::vector<NodeId>> mapped_schemas(const SourceTree& tree, NodeId value);

// The implicit mapping: every one of `components` that takes in one of `bases` by $ref and allOf, at whatever
// distance, becomes conditional wherever that base applies. Takes time and memory linear in the graph's
// edges.
void add_heirs(std::vector<SchemaNode>& nodes, const std::vector<SchemaId>& bases,
               const std::vector<SchemaId>& components);

}  // namespace nes::schema

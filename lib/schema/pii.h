// The value of x-pii (CONTRACTS section 3).
#pragma once

#include <optional>

#include "base/result.h"
#include "schema/field_plan.h"
#include "schema/source_tree.h"

namespace nes::schema {

// Nothing for `false`. kSchemaRefused for what is not understood in full, kLimit for too many
// previous_contexts.
Result<std::optional<Rule>> parse_pii(const SourceTree& tree, NodeId value, Mode default_mode);

}  // namespace nes::schema

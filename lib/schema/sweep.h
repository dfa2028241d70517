// The look at everything that the roots did not reach: whoever wrote x-pii there believes that it protects
// something, so the document is refused rather than half applied.
#pragma once

#include <vector>

#include "base/result.h"
#include "schema/source_tree.h"

namespace nes::schema {

// `reached` says by NodeId which mappings were read as schemas. kSchemaRefused with the line of the first
// x-pii, other than `x-pii: false`, anywhere else, and of a key that only resembles x-pii in any schema.
// Examples, defaults, enums and constants are data and are not looked at; neither is a property that is named
// x-pii.
Result<void> refuse_unreached(const SourceTree& tree, const std::vector<bool>& reached);

}  // namespace nes::schema

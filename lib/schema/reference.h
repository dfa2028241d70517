// References within a document: a URI fragment that is a JSON Pointer (RFC 6901 section 6).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/source_tree.h"

namespace nes::schema {

// RFC 3986 section 2.1. Nothing if a `%` is not followed by two hex digits; other bytes stand for themselves.
std::optional<std::string> percent_decode(std::string_view text);

struct Reference {
  std::string pointer;  // of the target, percent escapes undone
  NodeId target;
};

// What the value of a `$ref` refers to. kSchemaRefused if it is not a string, leaves the document, is not a
// JSON Pointer (`#name`) or has no target.
Result<Reference> resolve_reference(const SourceTree& tree, NodeId value);

// `pointer` + "/" + `key`, escaped.
std::string child_pointer(std::string_view pointer, std::string_view key);

}  // namespace nes::schema

// The objects of OpenAPI 3.0 and 3.1 that lead to schemas, and the roots found among them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/source_tree.h"

namespace nes::schema {

enum class ObjectType : std::uint8_t {
  kDocument,
  kComponents,
  kPathItem,
  kOperation,
  kRequestBody,
  kResponse,
  kMediaType,
  kCallback,  // is itself a map of path items
  kEncoding,
  kParameter,           // and Header Object: its values are no part of a body
  kParameterMediaType,  // a media type of a parameter
  kSchema,
  kParameterSchema,  // no root
  kData,             // example, examples: anything
  kOther,
};

enum class FieldShape : std::uint8_t {
  kObject,
  kList,
  kNames,     // a mapping whose keys are free
  kPatterns,  // the same, but keys that begin with `x-` are extensions
};

struct Field {
  ObjectType owner;
  std::string_view name;
  FieldShape shape;
  ObjectType type;
};

// The field `name` of an `owner`; null if it leads to no schema.
const Field* find_field(ObjectType owner, std::string_view name) noexcept;

// Whether `key` of a mapping of shape `shape` names a member, rather than an extension.
bool is_member(FieldShape shape, std::string_view key) noexcept;

struct Root {
  std::string pointer;  // JSON Pointer
  NodeId schema;
  bool component;  // has a name among the component schemas
};

// All roots in document order: component schemas, and the schemas of request and response bodies wherever
// they stand (paths, webhooks, callbacks, components). kSchemaRefused if the document is not OpenAPI 3.0 or
// 3.1, has another dialect, a `$ref` between its objects that cannot be followed, or an object of a wrong
// shape; kLimit beyond limits::kSchemaRoots.
Result<std::vector<Root>> find_roots(const SourceTree& tree);

}  // namespace nes::schema

// The keywords that a schema may have, and what their values are: JSON Schema 2020-12 and the Schema Objects
// of OpenAPI 3.0 and 3.1. Everything that decides "could this hide a subschema" is this table.
#pragma once

#include <cstdint>
#include <string_view>

#include "schema/source_tree.h"

namespace nes::schema {

enum class Keyword : std::uint8_t {
  kUnknown,
  kExtension,    // `x-…`, x-pii apart: data of someone else
  kPii,          // x-pii
  kInert,        // says nothing of structure, in a scalar or a list of them
  kNote,         // externalDocs, xml: an object that is no schema
  kData,         // example, default, enum, …: values, not schemas
  kNameLists,    // dependentRequired
  kDialect,      // $schema
  kReference,    // $ref
  kNames,        // $defs, definitions: reached by $ref alone
  kInPlace,      // a schema for the same value: if, then, else
  kInPlaceMap,   // dependentSchemas
  kInPlaceList,  // allOf, anyOf, oneOf
  kDiscriminator,
  kProperties,
  kPatternProperties,
  kAdditionalProperties,
  kUnevaluatedProperties,
  kItems,
  kPrefixItems,
  kContains,
  kUnevaluatedItems,
  kNegative,  // not, propertyNames, contentSchema: a schema, but of nothing that could be sealed
  kRefused,   // changes what other keywords mean in a way that is not followed here
};

Keyword keyword_of(std::string_view name) noexcept;

// Whether the value of `keyword` is a mapping from names to schemas.
bool maps_names(Keyword keyword) noexcept;

// Dialects that this vocabulary is: that of OpenAPI 3.1 and JSON Schema 2020-12.
bool is_known_dialect(std::string_view uri) noexcept;

// A key that is not x-pii but that a person would take for it: another case, `_` for `-`, nothing for `-`.
bool resembles_pii(std::string_view name) noexcept;

// Whether `value` is, or has in its elements, a mapping: where a schema could be.
bool holds_mapping(const SourceTree& tree, NodeId value);

// Whether `value` is, or has in its elements, a text that refers to a place of the document.
bool holds_pointer(const SourceTree& tree, NodeId value);

}  // namespace nes::schema

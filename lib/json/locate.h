// The one pass over a document: the full RFC 8259 check (UTF-8, depth <= limits::kJsonDepth, no trailing
// bytes) and, in the same pass, the positions of the values that a plan names.
//
// Keys are compared after unescaping; every duplicate of a planned key is located; the outermost planned
// value wins, so spans never nest or overlap, and they are in document order. Whatever is not planned is
// checked all the same: locate() succeeds only for a valid document.
//
// Thread rule: no shared state. Nothing is kept of the document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/room.h"
#include "json/plan.h"

namespace nes::json {

enum class ValueType : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

// A planned value: document[begin, end), quotes included for a string, no white space around it.
struct Located {
  std::uint32_t begin;
  std::uint32_t end;
  RuleIndex rule;
  ValueType type;
};

enum class Shape : std::uint8_t {
  kDocument,  // the plan applies to the whole text
  kEnvelope,  // {"payload": <document>}; the plan applies to payload's value, which may be 128 deep itself
};

// Appends the planned values of `text` to `located`. Errors: kMalformedJson with the byte offset at which the
// text stops being JSON; kMalformedRequest if it is JSON but not the envelope asked for (another member, a
// repeated or missing payload, no object); kBodyTooLarge beyond limits::kJsonDocumentBytes; those of `room`,
// if it is not null, which is asked before `located` grows beyond limits::kKeptBufferBytes. After an error
// `located` is unspecified.
template <Plan P>
Result<void> locate(std::string_view text, Shape shape, const P& plan, PlanState start,
                    std::vector<Located>& located, base::Room* room = nullptr);

// The path of the value at byte `offset` of a valid `text` as an error may show it (CONTRACTS section 2):
// keys that the schema spells out (`~` and `/` in them as `~0` and `~1`, RFC 6901), `*` for all others, and
// array indices, each after a `/`, as in `/payments/0/iban`. Empty for the root, and if no value begins at
// `offset`. No byte of the document enters it.
template <Plan P>
std::string path_of(std::string_view text, Shape shape, const P& plan, PlanState start, std::uint32_t offset);

}  // namespace nes::json

#include "json/locate_inl.h"  // the templates

// A document, the plan of its schema and a transform give the new document: planned values are replaced,
// every other byte is copied (CONTRACTS section 4).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/room.h"
#include "json/locate.h"
#include "schema/field_plan.h"
#include "secret/secret.h"

namespace nes::rewrite {

// What is done to one planned value. `literal` is its JSON text as it stands in the document.
class FieldTransform {
 public:
  virtual ~FieldTransform() = default;
  // Appends the replacement's JSON text to `out` and returns true, or appends nothing and returns false: the
  // value then stays as it is. An error ends the rewrite. Never called for null.
  virtual Result<bool> apply(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                             secret::SecretBytes& out) = 0;
  // How long the replacement of a literal of `size` bytes is at most, as far as that can be told beforehand.
  virtual std::size_t size_bound(std::size_t size) const { return size; }
};

// Buffers that a thread reuses from document to document.
struct Scratch {
  std::vector<json::Located> located;

  // Of what a large document has left, keeps limits::kKeptBufferBytes at most.
  void trim() noexcept;
};

struct Outcome {
  std::size_t replaced = 0;
  std::size_t kept = 0;  // planned, not null, and left as it was by the transform
};

// Appends the new document to `out`. Errors are locate()'s and the transform's, the latter with the byte
// offset of the value as position; `out` is then as before: a document is transformed whole or not at all.
// `room`, if not null, is asked before the first value is transformed, for as much as the new document can
// have by size_bound(), and again where one is longer.
Result<Outcome> rewrite(std::string_view text, json::Shape shape, const schema::FieldPlan& plan,
                        FieldTransform& transform, Scratch& scratch, secret::SecretBytes& out,
                        base::Room* room = nullptr);

}  // namespace nes::rewrite

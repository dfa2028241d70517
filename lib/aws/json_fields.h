// An answer of AWS in JSON as a small tree, and its fields by name and type. Unknown fields are ignored; a
// repeated one refuses the answer. The text of every value is wiped with the tree: one of them may be a
// secret access key.
//
// Thread rule: const functions from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/reader.h"
#include "secret/secret.h"

namespace nes::aws {

class JsonFields {
 public:
  // `text` must be one JSON object. kMalformed if it is not, or repeats a key somewhere; kLimit if it is
  // nested more deeply than limits::kAwsJsonDepth.
  static Result<JsonFields> parse(std::string_view text);

  // The value of a field of this object. A field that is null is as absent. kMalformed if it is of another
  // type, or absent where the function does not return an optional. Views live as long as the tree.
  Result<std::string_view> string(std::string_view name) const;
  Result<std::optional<std::string_view>> optional_string(std::string_view name) const;
  Result<std::optional<Bytes>> optional_base64(std::string_view name) const;             // strict
  Result<std::vector<std::string>> optional_strings(std::string_view name) const;        // none if absent
  Result<std::vector<const JsonFields*>> optional_objects(std::string_view name) const;  // none if absent
  const JsonFields* optional_object(std::string_view name) const;  // null if absent or of another type
  // An object whose values are lists of strings; empty if absent.
  Result<std::map<std::string, std::vector<std::string>>> optional_string_lists(std::string_view name) const;
  // The JSON text of a number, `true` or `false`; empty if absent or of another type.
  std::string_view scalar(std::string_view name) const;

 private:
  enum class Type : std::uint8_t { kObject, kArray, kString, kScalar, kNull };
  static Result<JsonFields> read(json::Reader& reader, const json::Event& first);
  Result<void> read_members(json::Reader& reader);
  Result<void> read_items(json::Reader& reader);
  const JsonFields* find(std::string_view name) const;
  Result<std::vector<std::string>> strings() const;

  Type type_ = Type::kNull;
  secret::SecretBytes text_;
  std::map<std::string, JsonFields, std::less<>> members_;
  std::vector<JsonFields> items_;
};

}  // namespace nes::aws

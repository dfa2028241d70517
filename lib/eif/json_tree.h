// A JSON document as a tree, for manifests and metadata of images: small, and from anywhere. A repeated key
// refuses the document; order of members is kept.
//
// Thread rule: const functions from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nes::eif {

class JsonTree {
 public:
  enum class Type : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  // One value, within limits::kEifDocumentBytes, -Depth and -Values. kMalformed if it is not JSON or repeats
  // a key; kLimit. Positions are lines.
  static Result<JsonTree> parse(std::string_view text);

  Type type() const noexcept { return type_; }
  bool is_object() const noexcept { return type_ == Type::kObject; }
  // kString: the unescaped text. kNumber and kBoolean: as it stands in the document. Else empty.
  const std::string& text() const noexcept { return text_; }
  const std::vector<JsonTree>& items() const noexcept { return items_; }
  const std::vector<std::pair<std::string, JsonTree>>& members() const noexcept { return members_; }

  // The member of an object; null if there is none, or if it is JSON's null.
  const JsonTree* find(std::string_view name) const noexcept;
  // Members by type, each absent if find() finds nothing. kMalformed if it is of another type.
  Result<std::string> optional_string(std::string_view name) const;  // empty if absent
  Result<std::vector<std::string>> optional_strings(std::string_view name) const;
  Result<std::optional<std::uint64_t>> optional_size(std::string_view name) const;
  // A null pointer if absent.
  Result<const JsonTree*> optional_object(std::string_view name) const;
  Result<const JsonTree*> optional_array(std::string_view name) const;

 private:
  friend class JsonTreeParser;
  Type type_ = Type::kNull;
  std::string text_;
  std::vector<JsonTree> items_;
  std::vector<std::pair<std::string, JsonTree>> members_;
};

}  // namespace nes::eif

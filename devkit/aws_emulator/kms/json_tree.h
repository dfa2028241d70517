// One JSON object as a tree: a request of KMS, or its state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws_emulator {

class JsonTree {
 public:
  // kMalformed if `text` is no JSON object, or repeats a key somewhere; kLimit if it is nested more deeply
  // than limits::kEmulatorJsonDepth.
  static Result<JsonTree> parse(std::string_view text);

  // The value of a member of this object; nothing if it is absent or null. kMalformed if it is of another
  // type.
  Result<std::optional<std::string>> text(std::string_view name) const;
  Result<std::optional<Bytes>> base64(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;                       // false if absent
  Result<std::vector<std::string>> texts(std::string_view name) const;  // a list; none if absent
  Result<std::map<std::string, std::string>> text_map(
      std::string_view name) const;                                           // an object; empty if absent
  Result<std::vector<const JsonTree*>> objects(std::string_view name) const;  // a list; none if absent
  Result<const JsonTree*> object(std::string_view name) const;                // null if absent

 private:
  enum class Type : std::uint8_t { kNull, kObject, kList, kText, kNumber, kFlag };
  class Builder;

  const JsonTree* find(std::string_view name) const;

  Type type_ = Type::kNull;
  std::string text_;  // of a text, a number, a flag
  std::map<std::string, JsonTree, std::less<>> members_;
  std::vector<JsonTree> items_;
};

}  // namespace nes::aws_emulator

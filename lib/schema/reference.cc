#include "schema/reference.h"

#include <utility>

#include "base/bytes.h"

namespace nes::schema {

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = base::hex_decode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

Result<Reference> resolve_reference(const SourceTree& tree, NodeId value) {
  if (!tree.is_string(value)) return tree.refused(value, "a $ref is not a string");
  const std::string_view text = tree.text(value);
  if (!text.starts_with('#')) return tree.refused(value, "a $ref leaves the document");
  auto pointer = percent_decode(text.substr(1));
  if (!pointer) return tree.refused(value, "a $ref has a bad percent escape");
  if (!pointer->empty() && pointer->front() != '/')
    return tree.refused(value, "a $ref is not a JSON Pointer");
  const NodeId target = tree.resolve(*pointer);
  if (target == kNoNode) return tree.refused(value, "a $ref has no target");
  return Reference{std::move(*pointer), target};
}

std::string child_pointer(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace nes::schema

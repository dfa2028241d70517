// An answer of S3 in XML as a small tree. Attributes and namespaces are dropped; a document type declaration,
// and with it every entity of its own, refuses the answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::aws {

struct XmlElement {
  std::string name;  // without a prefix
  std::string text;  // all character data directly inside, joined
  std::vector<XmlElement> children;

  // The first child of this name; null if there is none.
  const XmlElement* child(std::string_view name) const noexcept;
  // Its text; empty if there is none.
  std::string_view child_text(std::string_view name) const noexcept;
};

// The root element. kMalformed if `text` is not one well-formed document in UTF-8; kLimit if it has more
// elements or levels than limits::kAwsXmlElements and limits::kAwsXmlDepth.
Result<XmlElement> parse_xml(std::string_view text);

}  // namespace nes::aws

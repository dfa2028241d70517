#include "aws/xml.h"

#include <expat.h>

#include <memory>
#include <optional>

#include "base/limits.h"

namespace nes::aws {
namespace {

// What the handlers work on. open_ are the elements that have begun, outermost first: a child joins its
// parent when it ends, so that no pointer into a growing vector is kept.
class Builder {
 public:
  explicit Builder(XML_Parser parser) noexcept : parser_(parser) {}

  void start(std::string_view name) {
    if (failed_) return;
    if (open_.size() == limits::kAwsXmlDepth || ++elements_ > limits::kAwsXmlElements)
      return fail({ErrorCode::kLimit, "an answer in XML has too many elements or levels"});
    const std::size_t colon = name.find(':');
    XmlElement& element = open_.emplace_back();
    element.name = colon == std::string_view::npos ? name : name.substr(colon + 1);
  }

  void end() {
    if (failed_ || open_.empty()) return;
    XmlElement done = std::move(open_.back());
    open_.pop_back();
    if (open_.empty())
      root_ = std::move(done);
    else
      open_.back().children.push_back(std::move(done));
  }

  void text(std::string_view data) {
    if (!failed_ && !open_.empty()) open_.back().text += data;
  }

  void fail(const Error& error) {
    failed_ = error;
    XML_StopParser(parser_, XML_FALSE);
  }

  Result<XmlElement> take(bool parsed) {
    if (failed_) return *failed_;
    if (!parsed || !root_) return Error{ErrorCode::kMalformed, "an answer is not XML"};
    return std::move(*root_);
  }

 private:
  XML_Parser parser_;
  std::vector<XmlElement> open_;
  std::optional<XmlElement> root_;
  std::optional<Error> failed_;
  std::size_t elements_ = 0;
};

Builder& builder(void* user) { return *static_cast<Builder*>(user); }

void XMLCALL on_start(void* user, const XML_Char* name, const XML_Char** /*attributes*/) {
  builder(user).start(name);
}
void XMLCALL on_end(void* user, const XML_Char* /*name*/) { builder(user).end(); }
void XMLCALL on_text(void* user, const XML_Char* data, int size) {
  builder(user).text({data, static_cast<std::size_t>(size)});
}
void XMLCALL on_doctype(void* user, const XML_Char* /*name*/, const XML_Char* /*system*/,
                        const XML_Char* /*public_id*/, int /*has_internal_subset*/) {
  builder(user).fail({ErrorCode::kMalformed, "an answer in XML has a document type"});
}

struct Free {
  void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const noexcept {
  for (const XmlElement& element : children)
    if (element.name == wanted) return &element;
  return nullptr;
}

std::string_view XmlElement::child_text(std::string_view wanted) const noexcept {
  const XmlElement* element = child(wanted);
  return element == nullptr ? std::string_view() : std::string_view(element->text);
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > limits::kAwsListPageBytes)
    return Error{ErrorCode::kLimit, "an answer in XML is too long"};
  const std::unique_ptr<XML_ParserStruct, Free> parser(XML_ParserCreate("UTF-8"));
  if (!parser) return Error{ErrorCode::kInternal, "expat cannot be set up"};
  Builder built(parser.get());
  XML_SetUserData(parser.get(), &built);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  const bool parsed =
      XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
  return built.take(parsed);
}

}  // namespace nes::aws

// YAML through libyaml's events, with bounds of our own. Scalars are read by the core schema of YAML 1.2
// (section 10.3.2), so `yes` and `on` are strings; of tags only those that change nothing are accepted.
#include <yaml.h>

#include <cstring>
#include <functional>
#include <map>

#include "base/limits.h"
#include "schema/source_tree.h"

namespace nes::schema {
namespace {

std::string_view view(const yaml_char_t* text) noexcept {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

bool is_digits(std::string_view text, std::string_view digits) noexcept {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// YAML 1.2 section 10.3.2: int and float.
bool is_number(std::string_view text) noexcept {
  constexpr std::string_view kDecimal = "0123456789";
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (text.starts_with("0o")) return is_digits(text.substr(2), "01234567");
  if (text.starts_with("0x")) return is_digits(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view digits = text.substr(exponent + 1);
    if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
    if (!is_digits(digits, kDecimal)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return is_digits(text, kDecimal);
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(point + 1);
  if (whole.empty()) return is_digits(fraction, kDecimal);
  return is_digits(whole, kDecimal) && (fraction.empty() || is_digits(fraction, kDecimal));
}

struct Scalar {
  NodeKind kind;
  std::string_view text;
};

Scalar plain_scalar(std::string_view text) noexcept {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return {NodeKind::kNull, {}};
  }
  if (text == "true" || text == "True" || text == "TRUE") return {NodeKind::kBoolean, "true"};
  if (text == "false" || text == "False" || text == "FALSE") return {NodeKind::kBoolean, "false"};
  return {is_number(text) ? NodeKind::kNumber : NodeKind::kString, text};
}

class YamlParser {
 public:
  explicit YamlParser(std::string_view text) noexcept {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    if (!ready_) return;
    // Without this libyaml would take a byte order mark's word for UTF-16.
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~YamlParser() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  YamlParser(const YamlParser&) = delete;
  YamlParser& operator=(const YamlParser&) = delete;

  // Fills `event`, which the caller deletes; false on an error.
  bool next(yaml_event_t& event) noexcept { return ready_ && yaml_parser_parse(&parser_, &event) == 1; }
  std::uint64_t error_line() const noexcept { return ready_ ? parser_.problem_mark.line + 1 : 1; }

 private:
  yaml_parser_t parser_{};
  bool ready_ = false;
};

class YamlReader {
 public:
  explicit YamlReader(std::string_view text) noexcept : parser_(text) {}

  Result<SourceTree> read() {
    for (;;) {
      yaml_event_t event;
      if (!parser_.next(event)) {
        return Error{ErrorCode::kSchemaRefused, "not valid YAML", parser_.error_line()};
      }
      line_ = static_cast<std::uint32_t>(event.start_mark.line + 1);
      const bool last = event.type == YAML_STREAM_END_EVENT;
      const Result<void> handled = handle(event);
      yaml_event_delete(&event);
      NES_TRY(handled);
      if (!last) continue;
      if (documents_ == 0) return refused("the document is empty");
      return std::move(builder_).finish();
    }
  }

 private:
  Error refused(base::StaticText reason) const noexcept {
    return Error{ErrorCode::kSchemaRefused, reason, line_};
  }

  Result<void> handle(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) return refused("more than one YAML document");
        return {};
      case YAML_SCALAR_EVENT: return scalar(event);
      case YAML_ALIAS_EVENT: return alias(view(event.data.alias.anchor));
      case YAML_MAPPING_START_EVENT:
        return open(NodeKind::kMapping, event.data.mapping_start.anchor, view(event.data.mapping_start.tag),
                    YAML_MAP_TAG);
      case YAML_SEQUENCE_START_EVENT:
        return open(NodeKind::kSequence, event.data.sequence_start.anchor,
                    view(event.data.sequence_start.tag), YAML_SEQ_TAG);
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT: return builder_.close();
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_END_EVENT: break;
    }
    return {};
  }

  Result<void> open(NodeKind kind, const yaml_char_t* anchor, std::string_view tag, std::string_view known) {
    if (builder_.wants_key()) return refused("a YAML key is not a scalar");
    if (!tag.empty() && tag != known) return refused("a YAML tag is not understood");
    if (anchor != nullptr) anchors_.insert_or_assign(std::string(view(anchor)), builder_.next_id());
    return builder_.open(kind, line_);
  }

  Result<void> scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(data.value), data.length);
    const std::string_view tag = view(data.tag);
    if (!tag.empty() && tag != YAML_STR_TAG) return refused("a YAML tag is not understood");
    const bool plain = tag.empty() && data.style == YAML_PLAIN_SCALAR_STYLE;
    if (builder_.wants_key()) {
      // Members that a merge brings in would escape the check for repeated keys.
      if (plain && text == "<<") return refused("YAML merge keys are not understood");
      if (data.anchor != nullptr) return refused("a YAML key has an anchor");
      builder_.key(text, line_);
      return {};
    }
    if (data.anchor != nullptr) anchors_.insert_or_assign(std::string(view(data.anchor)), builder_.next_id());
    const Scalar value = plain ? plain_scalar(text) : Scalar{NodeKind::kString, text};
    return builder_.scalar(value.kind, value.text, line_);
  }

  Result<void> alias(std::string_view anchor) {
    if (builder_.wants_key()) return refused("a YAML key is an alias");
    if (++aliases_ > limits::kSchemaAliases) return Error{ErrorCode::kLimit, "too many YAML aliases", line_};
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return refused("a YAML alias without its anchor");
    if (builder_.is_open(found->second)) return refused("a YAML alias stands inside its own anchor");
    return builder_.copy(found->second, line_);
  }

  YamlParser parser_;
  TreeBuilder builder_;
  std::map<std::string, NodeId, std::less<>> anchors_;
  std::size_t aliases_ = 0;
  std::size_t documents_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

Result<SourceTree> read_yaml(std::string_view text) {
  if (text.size() > limits::kSchemaBytes) return Error{ErrorCode::kLimit, "the document is too large", 1};
  return YamlReader(text).read();
}

}  // namespace nes::schema

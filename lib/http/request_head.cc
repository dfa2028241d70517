#include "http/request_head.h"

#include "base/check.h"
#include "http/char_class.h"
#include "http/text_cursor.h"

namespace nes::http {
namespace {

using base::StaticText;

constexpr std::string_view kCrlf = "\r\n";
constexpr std::size_t kContentLengthDigits = 18;  // always below 2^63

Error malformed(StaticText reason, std::size_t position) noexcept {
  return {ErrorCode::kMalformedRequest, reason, position};
}

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

Method method_of(std::string_view name) noexcept {
  struct Named {
    std::string_view name;
    Method method;
  };
  static constexpr Named kMethods[] = {{"POST", Method::kPost},     {"GET", Method::kGet},
                                       {"HEAD", Method::kHead},     {"PUT", Method::kPut},
                                       {"DELETE", Method::kDelete}, {"OPTIONS", Method::kOptions},
                                       {"PATCH", Method::kPatch}};
  for (const Named& known : kMethods)
    if (known.name == name) return known.method;
  return Method::kOther;
}

// Empty lines before the request line, in bytes: 0, 2 or 4.
std::size_t leading_empty_lines(std::string_view input) noexcept {
  if (!input.starts_with(kCrlf)) return 0;
  return input.substr(kCrlf.size()).starts_with(kCrlf) ? 4 : 2;
}

// The size of the head up to and with its empty line, or 0 while that is missing. Every LF on the way ends a
// CRLF: a client that ends lines with LF alone is told so, not waited for.
Result<std::size_t> find_end(std::string_view input, std::size_t& searched) noexcept {
  const std::string_view window = input.substr(0, limits::kHttpHeadBytes);
  const std::size_t begin = leading_empty_lines(window);
  for (std::size_t at = searched; (at = window.find('\n', at)) != std::string_view::npos; ++at) {
    if (at == 0 || window[at - 1] != '\r') return malformed("an LF without CR in the head", at);
    if (at > begin && window[at - 2] == '\n') {
      searched = 0;
      return at + 1;
    }
  }
  if (window.size() == limits::kHttpHeadBytes)
    return Error{ErrorCode::kHeadersTooLarge, "the head is over its limit", limits::kHttpHeadBytes};
  searched = window.size();
  return std::size_t{0};
}

Result<std::uint64_t> parse_content_length(std::string_view text, std::size_t position) noexcept {
  if (text.empty() || text.size() > kContentLengthDigits)
    return malformed("Content-Length: not 1 to 18 digits", position);
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return malformed("Content-Length: not 1 to 18 digits", position);
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

Result<void> parse_field_line(TextCursor& text, Field& field) noexcept {
  field.name = text.take_while(kTokenChar);
  if (field.name.empty()) return malformed("a field line does not begin with a token", text.position());
  if (!text.take(':')) return malformed("a field name is not followed by a colon", text.position());
  field.value = trim(text.take_while(kValueChar));
  if (!text.take(kCrlf)) return malformed("a control byte in a field value", text.position());
  return {};
}

}  // namespace

struct RequestHead::Seen {
  bool host = false;
  bool content_length = false;
  bool transfer_encoding = false;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
};

bool equals_ignore_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

Result<std::optional<std::string_view>> RequestHead::find_single(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  for (std::size_t i = 0; i < field_count_; ++i) {
    if (!equals_ignore_case(fields_[i].name, name)) continue;
    if (found) return malformed("a field that may occur once is repeated", i);
    found = fields_[i].value;
  }
  return found;
}

Result<std::size_t> RequestHead::parse(std::string_view input, RequestHead& head,
                                       std::size_t& searched) noexcept {
  NES_TRY_ASSIGN(const std::size_t size, find_end(input, searched));
  if (size == 0) return std::size_t{0};
  const std::string_view whole = input.substr(0, size);
  TextCursor text(whole, leading_empty_lines(whole));
  Seen seen;
  NES_TRY(head.parse_request_line(text));
  NES_TRY(head.parse_fields(text, seen));
  NES_CHECK(text.at_end());
  NES_TRY(head.conclude(seen));
  return size;
}

// RFC 9112 section 3.
Result<void> RequestHead::parse_request_line(TextCursor& text) noexcept {
  const std::string_view method_name = text.take_while(kTokenChar);
  if (method_name.empty()) return malformed("the method is not a token", text.position());
  method = method_of(method_name);
  if (!text.take(' ')) return malformed("the method is not followed by one space", text.position());

  const std::size_t target_position = text.position();
  target = text.take_while(kTargetChar);
  if (target.size() > limits::kHttpTargetBytes)
    return Error{ErrorCode::kHeadersTooLarge, "the request target is over its limit", target_position};
  if (!text.take(' ')) return malformed("the target is not followed by one space", text.position());

  const std::size_t version_position = text.position();
  const bool is_http = text.take("HTTP/");
  const int major = text.take_digit();
  const bool has_dot = text.take('.');
  const int minor = text.take_digit();
  if (!is_http || major < 0 || !has_dot || minor < 0 || !text.take(kCrlf))
    return malformed("the request line does not end in a version", version_position);
  if (major != 1 || minor > 1)
    return Error{ErrorCode::kHttpVersion, "the version is not HTTP/1.0 or HTTP/1.1", version_position};
  minor_version = minor;
  return split_target(target_position);
}

// RFC 9112 section 3.2. authority-form, and with it CONNECT, is refused.
Result<void> RequestHead::split_target(std::size_t position) noexcept {
  std::string_view rest = target;
  path = target;
  query = {};
  if (target == "*") {
    if (method != Method::kOptions) return malformed("the target `*` is for OPTIONS", position);
    return {};
  }
  if (!target.starts_with('/')) {
    const std::size_t scheme = equals_ignore_case(target.substr(0, 8), "https://")  ? 8
                               : equals_ignore_case(target.substr(0, 7), "http://") ? 7
                                                                                    : 0;
    if (scheme == 0) return malformed("the target is neither a path nor an http URI", position);
    rest.remove_prefix(scheme);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || !is_all(authority, kHostChar))
      return malformed("the target's authority is not a host", position);
    rest.remove_prefix(authority.size());
  }
  const std::size_t mark = rest.find('?');
  path = rest.substr(0, mark);
  if (path.empty()) path = "/";
  if (mark != std::string_view::npos) query = rest.substr(mark + 1);
  return {};
}

Result<void> RequestHead::parse_fields(TextCursor& text, Seen& seen) noexcept {
  field_count_ = 0;
  content_length = 0;
  while (!text.take(kCrlf)) {
    if (field_count_ == fields_.size())
      return Error{ErrorCode::kHeadersTooLarge, "more header fields than the limit", text.position()};
    const std::size_t position = text.position();
    Field& field = fields_[field_count_++];
    NES_TRY(parse_field_line(text, field));
    NES_TRY(note_field(field, position, seen));
  }
  return {};
}

// The fields that say where the request ends and what becomes of the connection. Others cost one switch.
Result<void> RequestHead::note_field(const Field& field, std::size_t position, Seen& seen) noexcept {
  switch (field.name.size()) {
    case 4:
      if (!equals_ignore_case(field.name, "host")) break;
      if (seen.host) return malformed("Host is repeated", position);
      if (!is_all(field.value, kHostChar)) return malformed("Host: not a host and port", position);
      seen.host = true;
      break;
    case 6:
      if (!equals_ignore_case(field.name, "expect")) break;
      if (!equals_ignore_case(field.value, "100-continue"))
        return malformed("Expect: not 100-continue", position);
      seen.expect_continue = true;
      break;
    case 10:
      if (!equals_ignore_case(field.name, "connection")) break;
      for (std::string_view rest = field.value; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        const std::string_view option = trim(rest.substr(0, comma));
        if (!is_all(option, kTokenChar)) return malformed("Connection: not a list of tokens", position);
        seen.close = seen.close || equals_ignore_case(option, "close");
        seen.keep_alive = seen.keep_alive || equals_ignore_case(option, "keep-alive");
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      }
      break;
    case 14:
      if (!equals_ignore_case(field.name, "content-length")) break;
      if (seen.content_length) return malformed("Content-Length is repeated", position);
      seen.content_length = true;
      { NES_TRY_ASSIGN(content_length, parse_content_length(field.value, position)); }
      break;
    case 17:
      if (!equals_ignore_case(field.name, "transfer-encoding")) break;
      if (seen.transfer_encoding) return malformed("Transfer-Encoding is repeated", position);
      if (!equals_ignore_case(field.value, "chunked"))
        return malformed("Transfer-Encoding: not `chunked`", position);
      seen.transfer_encoding = true;
      break;
    default: break;
  }
  return {};
}

// RFC 9112 sections 3.2, 6.1, 6.3 and 9.3; RFC 9110 section 10.1.1.
Result<void> RequestHead::conclude(const Seen& seen) noexcept {
  const bool is_1_1 = minor_version == 1;
  if (is_1_1 && !seen.host) return malformed("HTTP/1.1 without Host", 0);
  if (seen.transfer_encoding && seen.content_length)
    return malformed("Transfer-Encoding with Content-Length", 0);
  if (seen.transfer_encoding && !is_1_1) return malformed("Transfer-Encoding in HTTP/1.0", 0);
  framing = seen.transfer_encoding ? BodyFraming::kChunked
            : seen.content_length  ? BodyFraming::kContentLength
                                   : BodyFraming::kNone;
  keep_alive = !seen.close && (is_1_1 || seen.keep_alive);
  const bool has_body = framing == BodyFraming::kChunked || content_length > 0;
  expect_continue = seen.expect_continue && is_1_1 && has_body;
  return {};
}

}  // namespace nes::http

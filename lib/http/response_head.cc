#include "http/response_head.h"

#include "base/check.h"
#include "http/char_class.h"
#include "http/text_cursor.h"

namespace nes::http {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr std::size_t kContentLengthDigits = 18;  // always below 2^63

Error malformed(base::StaticText reason, std::size_t position) noexcept {
  return {ErrorCode::kMalformed, reason, position};
}

// The size of the head up to and with its empty line, or 0 while that is missing. Every LF on the way ends a
// CRLF.
Result<std::size_t> find_end(std::string_view input) noexcept {
  const std::string_view window = input.substr(0, limits::kHttpHeadBytes);
  for (std::size_t at = 0; (at = window.find('\n', at)) != std::string_view::npos; ++at) {
    if (at == 0 || window[at - 1] != '\r') return malformed("an LF without CR in the answer's head", at);
    if (at > 1 && window[at - 2] == '\n') return at + 1;
  }
  if (window.size() == limits::kHttpHeadBytes)
    return Error{ErrorCode::kLimit, "the answer's head is over its limit", limits::kHttpHeadBytes};
  return std::size_t{0};
}

// A status without a body, whatever its fields say (RFC 9112 section 6.3).
bool is_bodiless(int status) noexcept { return status < 200 || status == 204 || status == 304; }

}  // namespace

struct AnswerHead::Seen {
  bool http_1_1 = false;
  bool content_length = false;
  bool transfer_encoding = false;
};

Result<std::size_t> AnswerHead::parse(std::string_view input, Method method, AnswerHead& head) noexcept {
  NES_TRY_ASSIGN(const std::size_t size, find_end(input));
  if (size == 0) return std::size_t{0};
  TextCursor text(input.substr(0, size), 0);
  Seen seen;
  NES_TRY(head.parse_status_line(text));
  seen.http_1_1 = input.starts_with("HTTP/1.1");
  NES_TRY(head.parse_fields(text, seen));
  NES_CHECK(text.at_end());
  NES_TRY(head.conclude(seen, method));
  return size;
}

// RFC 9112 section 4. The space before an absent reason is not optional.
Result<void> AnswerHead::parse_status_line(TextCursor& text) noexcept {
  if (!text.take("HTTP/1.0 ") && !text.take("HTTP/1.1 "))
    return malformed("the answer does not begin with HTTP/1.0 or HTTP/1.1", 0);
  status = 0;
  for (int i = 0; i < 3; ++i) {
    const int digit = text.take_digit();
    if (digit < 0) return malformed("a status is not three digits", text.position());
    status = status * 10 + digit;
  }
  if (status < 100 || status > 599) return malformed("a status is not 100 to 599", text.position());
  if (!text.take(' ')) return malformed("a status is not followed by one space", text.position());
  text.take_while(kValueChar);
  if (!text.take(kCrlf)) return malformed("a control byte in the reason phrase", text.position());
  return {};
}

Result<void> AnswerHead::parse_fields(TextCursor& text, Seen& seen) noexcept {
  field_count_ = 0;
  content_length = 0;
  while (!text.take(kCrlf)) {
    if (field_count_ == fields_.size())
      return Error{ErrorCode::kLimit, "more header fields than the limit", text.position()};
    const std::size_t position = text.position();
    Field& field = fields_[field_count_++];
    field.name = text.take_while(kTokenChar);
    if (field.name.empty()) return malformed("a field line does not begin with a token", text.position());
    if (!text.take(':')) return malformed("a field name is not followed by a colon", text.position());
    field.value = trim(text.take_while(kValueChar));
    if (!text.take(kCrlf)) return malformed("a control byte in a field value", text.position());
    NES_TRY(note_field(field, position, seen));
  }
  return {};
}

Result<void> AnswerHead::note_field(const Field& field, std::size_t position, Seen& seen) noexcept {
  if (equals_ignore_case(field.name, "content-length")) {
    if (seen.content_length) return malformed("Content-Length is repeated", position);
    seen.content_length = true;
    if (field.value.empty() || field.value.size() > kContentLengthDigits)
      return malformed("Content-Length: not 1 to 18 digits", position);
    for (const char c : field.value) {
      if (c < '0' || c > '9') return malformed("Content-Length: not 1 to 18 digits", position);
      content_length = content_length * 10 + static_cast<std::uint64_t>(c - '0');
    }
  } else if (equals_ignore_case(field.name, "transfer-encoding")) {
    if (seen.transfer_encoding) return malformed("Transfer-Encoding is repeated", position);
    if (!equals_ignore_case(field.value, "chunked"))
      return malformed("Transfer-Encoding: not `chunked`", position);
    seen.transfer_encoding = true;
  }
  return {};
}

// RFC 9112 section 6.3. A 2xx to CONNECT has no body either; whoever dials with it reads no further.
Result<void> AnswerHead::conclude(const Seen& seen, Method method) noexcept {
  if (seen.transfer_encoding && seen.content_length)
    return malformed("Transfer-Encoding with Content-Length", 0);
  if (seen.transfer_encoding && !seen.http_1_1) return malformed("Transfer-Encoding in HTTP/1.0", 0);
  framing = method == Method::kHead || is_bodiless(status) ? AnswerFraming::kNone
            : seen.transfer_encoding                       ? AnswerFraming::kChunked
            : seen.content_length                          ? AnswerFraming::kContentLength
                                                           : AnswerFraming::kUntilClose;
  return {};
}

}  // namespace nes::http

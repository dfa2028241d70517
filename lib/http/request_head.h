// The head of an HTTP/1.x request: request line and header fields (RFC 9110, RFC 9112), parsed strictly.
//
// What RFC 9112 lets a server tolerate and attackers use to desynchronize two servers is refused: bare LF or
// CR, obs-fold, white space before the colon, empty or odd names, several or odd Content-Lengths,
// Content-Length with Transfer-Encoding, any Transfer-Encoding but one `chunked`, control bytes, a missing or
// repeated Host in HTTP/1.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace nes::http {

class TextCursor;  // http/text_cursor.h

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kOther };

struct Field {
  std::string_view name;   // as sent; compare with equals_ignore_case
  std::string_view value;  // optional white space around it removed; may hold bytes from 0x80 up
};

enum class BodyFraming : std::uint8_t { kNone, kContentLength, kChunked };

// ASCII only.
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;

// Views into the buffer that was parsed: valid while it is.
class RequestHead {
 public:
  Method method = Method::kOther;
  std::string_view target;  // as sent, origin-form or absolute-form, or `*` for OPTIONS
  // Of target, without query; not percent-decoded; begins with `/`, or is `*`. A static "/" where an
  // absolute-form has no path.
  std::string_view path;
  std::string_view query;  // without `?`
  int minor_version = 1;   // HTTP/1.minor_version
  bool keep_alive = true;
  bool expect_continue = false;  // the client waits for a 100 before it sends its body
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;

  std::size_t field_count() const noexcept { return field_count_; }
  const Field& field(std::size_t i) const noexcept { return fields_[i]; }

  // The value of the only field of this name; nothing if there is none. kMalformedRequest if it is repeated.
  Result<std::optional<std::string_view>> find_single(std::string_view name) const noexcept;

  // Parses the head at the start of `input` into `head`. Returns its size in bytes, the empty line included;
  // 0 if more input is needed. Errors: kMalformedRequest, also for an expectation other than 100-continue;
  // kHeadersTooLarge (a target over its limit, and a head that is still incomplete at its limit, too);
  // kHttpVersion (505). Their position is a byte of `input`. One or more CRLF before the request line are
  // skipped (RFC 9112 section 2.2), at most two, and count towards the size. After 0 or an error `head` is
  // unspecified.
  //
  // `searched` is 0 for a new head and then left to parse(), which is called again with the same bytes and
  // more: no byte is searched twice, however slowly they come. The outcome does not depend on how the bytes
  // were split.
  static Result<std::size_t> parse(std::string_view input, RequestHead& head, std::size_t& searched) noexcept;
  // The same for a head that is known to be complete, or is not asked for again.
  static Result<std::size_t> parse(std::string_view input, RequestHead& head) noexcept {
    std::size_t searched = 0;
    return parse(input, head, searched);
  }

 private:
  struct Seen;  // what the fields said of connection and framing

  Result<void> parse_request_line(TextCursor& text) noexcept;
  Result<void> split_target(std::size_t position) noexcept;
  Result<void> parse_fields(TextCursor& text, Seen& seen) noexcept;
  Result<void> note_field(const Field& field, std::size_t position, Seen& seen) noexcept;
  Result<void> conclude(const Seen& seen) noexcept;

  std::array<Field, limits::kHttpHeaders> fields_;
  std::size_t field_count_ = 0;
};

}  // namespace nes::http

// The head of an answer that this program receives as a client: status line and header fields (RFC 9112),
// parsed as strictly as request heads are, and where the body ends.
//
// Refused: bare LF or CR, obs-fold, white space before the colon, a version other than HTTP/1.0 and 1.1,
// several or odd Content-Lengths, Content-Length with Transfer-Encoding, any Transfer-Encoding but one
// `chunked`, control bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/request_head.h"

namespace nes::http {

enum class AnswerFraming : std::uint8_t { kNone, kContentLength, kChunked, kUntilClose };

// Views into the buffer that was parsed: valid while it is.
class AnswerHead {
 public:
  int status = 0;  // 100 to 599
  AnswerFraming framing = AnswerFraming::kNone;
  std::uint64_t content_length = 0;

  // An answer that another one to the same request follows (RFC 9110 section 15.2).
  bool is_interim() const noexcept { return status < 200; }

  std::size_t field_count() const noexcept { return field_count_; }
  const Field& field(std::size_t i) const noexcept { return fields_[i]; }

  // Parses the head at the start of `input`, the answer to a request of `method`, into `head`. Returns its
  // size in bytes, the empty line included; 0 if more input is needed. Errors, with a byte of `input` as
  // position: kMalformed; kLimit for a head or a number of fields over its limit, also if the head is still
  // incomplete there. After 0 or an error `head` is unspecified. The outcome does not depend on how the bytes
  // were split.
  static Result<std::size_t> parse(std::string_view input, Method method, AnswerHead& head) noexcept;

 private:
  struct Seen;

  Result<void> parse_status_line(TextCursor& text) noexcept;
  Result<void> parse_fields(TextCursor& text, Seen& seen) noexcept;
  Result<void> note_field(const Field& field, std::size_t position, Seen& seen) noexcept;
  Result<void> conclude(const Seen& seen, Method method) noexcept;

  std::array<Field, limits::kHttpHeaders> fields_;
  std::size_t field_count_ = 0;
};

}  // namespace nes::http

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

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kOther };

struct Field {
  std::string_view name;   // as sent; compare with equals_ignore_case
  std::string_view value;  // optional white space around it removed
};

enum class BodyFraming : std::uint8_t { kNone, kContentLength, kChunked };

// ASCII only.
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;

// Views into the buffer that was parsed: valid while it is.
class RequestHead {
 public:
  Method method = Method::kOther;
  std::string_view target;  // as sent, origin-form or absolute-form
  std::string_view path;    // of target, without query; not percent-decoded; begins with `/`, or is `*`
  std::string_view query;   // without `?`
  int minor_version = 1;    // HTTP/1.minor_version
  bool keep_alive = true;
  bool expect_continue = false;
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;

  std::size_t field_count() const noexcept { return field_count_; }
  const Field& field(std::size_t i) const noexcept { return fields_[i]; }

  // The value of the only field of this name; nothing if there is none. kMalformedRequest if it is repeated.
  Result<std::optional<std::string_view>> find_single(std::string_view name) const;

  // Parses the head at the start of `input` into `head`. Returns its size in bytes, the empty line included;
  // 0 if more input is needed. Errors: kMalformedRequest, kHeadersTooLarge (also for a head that is still
  // incomplete at its limit), kHttpVersion (505). One or more CRLF before the request line are skipped
  // (RFC 9112 section 2.2), at most two.
  static Result<std::size_t> parse(std::string_view input, RequestHead& head);

 private:
  std::array<Field, limits::kHttpHeaders> fields_;
  std::size_t field_count_ = 0;
};

}  // namespace nes::http

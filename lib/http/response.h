// The head of an answer in HTTP/1.1, and the body of an error (RFC 9457).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace nes::http {

// "OK" for 200; never empty for a status that this program sends.
std::string_view reason_phrase(int status) noexcept;

// The whole interim answer to a client that waits before it sends its body.
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

// Appends field lines, of a head or of trailers, to a string that the caller reuses. Names and values come
// from this program and are checked: a name that is no token, and a control byte (CR, LF, NUL) in a value,
// abort.
class FieldLines {
 public:
  explicit FieldLines(std::string& out) noexcept : out_(out) {}
  FieldLines& field(std::string_view name, std::string_view value);
  FieldLines& field(std::string_view name, std::uint64_t value);
  void finish();  // writes the empty line

 private:
  std::string& out_;
};

// One head.
class ResponseHead : public FieldLines {
 public:
  ResponseHead(std::string& out, int status);
};

// The one table from error to status. Codes that never leave the program map to 500.
int status_of(ErrorCode code) noexcept;
// The `code` member that a client sees: the code's name, or "internal" for what stays inside.
std::string_view public_code(ErrorCode code) noexcept;
// Seconds for Retry-After, or 0 where the answer has none (429 and 503 have one).
int retry_after_s(ErrorCode code) noexcept;

// {"type":"about:blank","title":…,"status":…,"code":…[,"path":…]}; `path` is schema::path text
// (token_rejected, undeclared_key), omitted when empty. application/problem+json.
void append_problem(std::string& out, ErrorCode code, std::string_view path);

}  // namespace nes::http

// The closed set of errors and the one type that carries them.
//
// An Error holds a code, a reason that is a string literal of this program, and a position (a byte offset, a
// line, an index: the function that returns it says which). It never holds input bytes, key material or the
// text of a remote peer, so that any Error may be logged or sent to a client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nes::base {

enum class ErrorCode : std::uint8_t {
  // What a client can be told (CONTRACTS section 2); http/response.h maps each to its status.
  kSchemaHeaderMissing,
  kSchemaRootRequired,
  kMalformedJson,
  kMalformedRequest,
  kNotAllowed,
  kSchemaUnknown,
  kNotFound,
  kMethodNotAllowed,
  kTimeout,
  kBodyTooLarge,
  kUnsupportedMediaType,
  kTokenRejected,
  kUndeclaredKey,
  kRateLimited,
  kHeadersTooLarge,
  kHttpVersion,
  kOverloaded,
  kNotReady,
  kKeyNotLoaded,
  kInternal,
  // What stays inside: a client sees kInternal, the log sees the code and the reason.
  kConfig,         // a configuration value is missing or wrong
  kSchemaRefused,  // a schema document cannot be compiled
  kIo,             // a system call failed
  kCrypto,         // a cryptographic library reported failure
  kLimit,          // a named limit was exceeded
  kTruncated,      // bytes ended early
  kMalformed,      // bytes do not have the form that their format asks for
};

// The code's stable lower-case name, such as "malformed_json". Never null.
const char* error_code_name(ErrorCode code) noexcept;

// Text with static storage: only a string literal converts to it.
class StaticText {
 public:
  template <std::size_t N>
  consteval StaticText(const char (&literal)[N]) noexcept  // NOLINT(google-explicit-constructor)
      : text_(literal, N - 1) {}

  constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

struct Error {
  ErrorCode code;
  StaticText reason;
  std::uint64_t position = 0;
};

}  // namespace nes::base

namespace nes {
using base::Error;
using base::ErrorCode;
}  // namespace nes

// What a service's refusal means, as a closed set: of what AWS says, only which of these names it is goes any
// further.
#pragma once

#include <cstdint>
#include <optional>

#include "aws/exchange.h"
#include "base/result.h"

namespace nes::aws {

enum class RemoteCode : std::uint8_t {
  kThrottled,
  kUnavailable,         // a 5xx, or a timeout on the service's side
  kClockSkew,           // the service says outright that the request's time is off
  kSignature,           // wrong, or expired: skew as well if the clocks differ
  kExpiredCredentials,  // expired, or not known
  kAccessDenied,
  kNotFound,
  kAlreadyExists,
  kInvalidCiphertext,
  kIncorrectKey,
  kKeyUnusable,  // disabled, pending deletion, or otherwise out of use
  kInvalidRequest,
  kOther,
};

// Of an answer that is neither 2xx nor 304: by the name in x-amzn-ErrorType, in the JSON or in the XML body,
// else by the status.
RemoteCode remote_code(const HttpAnswer& answer);

// The Error of a code: its reason is unique to the code, its position is the HTTP status.
Error remote_error(RemoteCode code, int status) noexcept;
// The inverse; nothing for an Error that remote_error() has not made.
std::optional<RemoteCode> remote_code_of(const Error& error) noexcept;

}  // namespace nes::aws

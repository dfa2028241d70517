// Who signed a request: Signature Version 4 in the Authorization header, checked as AWS checks it, and
// refused in AWS's words. Signatures in the query (presigned URLs) and signed chunks are not taken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "devkit/aws_emulator/principals.h"
#include "devkit/aws_emulator/request.h"

namespace nes::aws_emulator {

// How a service says things.
enum class Protocol : std::uint8_t { kJson, kQuery, kS3 };

enum class Refusal : std::uint8_t {
  kMissing,       // no signature
  kMalformed,     // not in its form, or what must be signed is not
  kUnknownKey,    // nobody has this access key
  kWrongToken,    // the session token is not that of the key
  kExpired,       // the session is over
  kExpiredTime,   // signed too long ago
  kFutureTime,    // signed too far ahead
  kWrongScope,    // for another day, region or service
  kWrongPayload,  // x-amz-content-sha256 is not the body's
  kUnsupported,   // a form of payload that the emulator does not verify
  kWrongSignature,
};

struct Verdict {
  const Principal* principal = nullptr;  // null if refused
  Refusal refusal = Refusal::kMissing;
  std::string message{};  // about the refusal
};

struct SignedService {
  std::string_view name;  // as in the credential scope
  std::string_view region;
  Protocol protocol;
};

// `principals` must outlive the verdict. A request is as old as its x-amz-date, which may be 5 minutes off
// `now_ms` either way.
Verdict authenticate(const Request& request, const SignedService& service, const Principals& principals,
                     std::int64_t now_ms);

// The answer to a request that authenticate() refused.
Answer refuse(Protocol protocol, const Verdict& verdict);
// An error in the words of `protocol`.
Answer error_answer(Protocol protocol, int status, std::string_view code, std::string_view message);

}  // namespace nes::aws_emulator

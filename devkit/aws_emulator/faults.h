// What goes wrong on purpose: rules in a file that is read again whenever it changes, so that a test decides
// from request to request. README.md has the format.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::aws_emulator {

enum class FaultAction : std::uint8_t {
  kThrottle,           // refused in the service's words for too many requests
  kError,              // refused with status and type
  kDelay,              // answered after delay_ms
  kDrop,               // the connection ends in the middle of the answer
  kTruncate,           // the body ends before its Content-Length
  kHuge,               // GetObject: an object of `bytes`
  kPlaintext,          // KMS: a Plaintext in the answer, whatever was asked for
  kOtherKey,           // KMS: the KeyId of another key
  kSkew,               // the clock is `seconds` off, in the Date header and in every check
  kExpireCredentials,  // every session of the role is over from now on
};

struct Fault {
  std::string service{};    // kms, secretsmanager, s3, sts, imds; empty: any
  std::string operation{};  // such as Decrypt; empty: any
  FaultAction action = FaultAction::kThrottle;
  std::uint64_t skip = 0;              // so many matching requests pass first
  std::optional<std::uint64_t> times;  // then so many are struck; nothing: all
  int status = 0;
  std::string type{};
  std::int64_t delay_ms = 0;
  std::uint64_t bytes = 0;
  std::int64_t seconds = 0;
};

// A JSON list of rules. kMalformed for an unknown action, a member that the action does not have or lacks, or
// a number out of range, with the rule's index as position; kLimit.
Result<std::vector<Fault>> parse_faults(std::string_view json);

// Thread rule: one call at a time.
class Faults {
 public:
  // `path` may name a file that is not there yet; empty: no faults ever.
  explicit Faults(std::string path) : path_(std::move(path)) {}

  // The first rule that strikes this request, which is then counted; nothing if none does. Reads the file
  // first if it is another than before, which begins all counts anew. kMalformed, kLimit or kIo while the
  // file is no list of rules.
  Result<std::optional<Fault>> strike(std::string_view service, std::string_view operation);

 private:
  Result<void> refresh();

  std::string path_;
  std::vector<Fault> rules_;
  struct stat status_ {};
  std::optional<Error> failure_;
};

}  // namespace nes::aws_emulator

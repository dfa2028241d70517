// The instance metadata service, version 2 alone: a token first, then the role's name and its credentials.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "devkit/aws_emulator/principals.h"
#include "devkit/aws_emulator/request.h"

namespace nes::aws_emulator {

// Whether the request is for the metadata service: a path below /latest/, and no signature.
bool is_imds_request(const Request& request);
// PutToken, GetRole, GetCredentials, or GetMetadata for everything else.
std::string imds_operation(const Request& request);

// Thread rule: one call at a time.
class Imds {
 public:
  // The references must outlive this. Tokens do not outlive it, as they do not outlive an instance.
  Imds(Principals& principals, const Clock& clock, std::string region) noexcept
      : principals_(principals), clock_(clock), region_(std::move(region)) {}

  // Version 1, a request without a token, is 401; so is a token that is none or whose time is over. A
  // forwarded request for a token is 403.
  Answer handle(const Request& request);

 private:
  Answer put_token(const Request& request);
  bool has_token(const Request& request) const;
  Answer credentials();

  Principals& principals_;
  const Clock& clock_;
  std::string region_;
  std::map<std::string, std::int64_t, std::less<>> tokens_;  // to the monotonic time of their end
};

}  // namespace nes::aws_emulator

// The statement that lets an enclave decrypt, and key policies with it in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::policy {

// The Sid by which the statement is found again.
inline constexpr std::string_view kEnclaveSid = "AllowNitroEnclaveDecrypt";

// The statement as JSON, without a line end: `role` may decrypt from an enclave whose PCR0 is one of `pcr0s`,
// which are written in lower case. Every line but the first begins with `indent` spaces.
std::string write_statement(std::string_view role, const std::vector<std::string>& pcr0s,
                            std::size_t indent = 0);

struct WholePolicy {
  std::string role;                      // the enclave's node or pod
  std::vector<std::string> pcr0s;        // one or two
  std::vector<std::string> admins;       // who administer the key; at least one, or KMS would lock it away
  std::vector<std::string> importers{};  // who may encrypt under it
  std::vector<std::string> operators{};  // who make data keys that they do not see: nitro-enc dek
  std::vector<std::string> auditors{};   // who read the policy and the grants: nitro-enc policy check
};

// A complete key policy, as JSON with a line end. audit() finds nothing in it when its intent names the same.
std::string write_policy(const WholePolicy& parts);

// `policy` with `statement` in the place of the one that has kEnclaveSid, or behind the last one if there is
// none. Every other byte stays as it was. parse()'s errors for a policy that is none, and kMalformed if
// more than one statement has the Sid, or if the Sid is that of a Deny.
Result<std::string> put_statement(std::string_view policy, std::string_view statement);

}  // namespace nes::policy

// Whether a key is open to the intended enclave images and to nothing else: what the deployment gate asks of
// a key policy and of the grants beside it.
//
// A statement is judged by what it allows on its own. A Deny excuses no Allow, because it can be taken away
// without anybody looking at the Allow again; and conditions other than the binding one excuse nothing
// either. An account that is a principal is judged like anybody else: its IAM policies are not known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace nes::policy {

// A grant allows its operations without asking the key policy, and no constraint of a grant is about
// attestation.
struct Grant {
  std::string id;
  std::string grantee;
  std::vector<std::string> operations;  // Decrypt, not kms:Decrypt
};

struct Intent {
  // All must be able to decrypt: one or two; is_pcr0() of each.
  std::vector<std::string> pcr0s;
  // Who may encrypt under the key, and so choose a data key that he knows. ARNs without wildcards.
  std::vector<std::string> importers{};
  // Who may change the policy, and so everything. ARNs without wildcards; arn:…:root is the whole account.
  std::vector<std::string> admins{};
  // Of the image that runs until the rollout ends: it may decrypt, and need not. is_pcr0() of it.
  std::optional<std::string> previous_pcr0{};
};

// 96 hexadecimal digits in either case, not all of them 0: zeros are what debug mode reports.
bool is_pcr0(std::string_view text) noexcept;

enum class Problem : std::uint8_t {
  kWithoutAttestation,  // gives plaintext, or the right to it, and no condition binds it to an image
  kImport,              // Encrypt or ReEncryptTo outside the importers
  kAdministration,      // PutKeyPolicy, ReplicateKey or ImportKeyMaterial outside the administrators
  kWildcardAction,      // a pattern that covers one of the actions above
  kWildcardPrincipal,
  kNotAction,
  kNotPrincipal,
  kDoesNotBind,  // a condition about attestation that is true without an image being the intended one
  kZeroPcr0,
  kStalePcr0,  // or somebody else's
  kNoPcr0,     // a value that is no PCR0 at all
  kGrant,
  kCannotDecrypt,  // an intended PCR0 for which no statement opens, or a Deny closes
};
std::string_view name_of(Problem problem) noexcept;  // without-attestation, …

struct Finding {
  Problem problem;
  std::optional<std::size_t> statement{};  // an index into Policy::statements
  std::string sid{};                       // its Sid; empty: none
  std::uint32_t line = 0;                  // of the statement; 0: none
  std::string grant_id{};                  // empty: not about a grant
  std::string what{};                      // one sentence each, without a line end
  std::string fix{};
};

// In the order of statements, then grants, then what is missing. Empty: exactly the intended PCR0s can
// decrypt, and nothing else can take the key. Aborts unless `intent` has one or two PCR0s that are such.
std::vector<Finding> audit(const Policy& policy, const std::vector<Grant>& grants, const Intent& intent);

}  // namespace nes::policy

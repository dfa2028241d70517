// Who may do what with a key: its policy first, then its grants.
//
// Callers of an account that a policy names count as allowed by their own IAM policies (policy/evaluate.h). A
// caller of another account needs a policy or a grant that names it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attest/document.h"
#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/kms/state.h"
#include "policy/evaluate.h"

namespace nes::aws_emulator {

struct Access {
  // As grants name it: Decrypt, or ReEncryptFrom. The policy's action is kms: before it.
  std::string_view operation;
  // Of a cryptographic operation, else null. Grants are constrained by it.
  const EncryptionContext* encryption_context = nullptr;
  // Verified, or null: without Recipient there are no measurements, so no condition on them holds.
  const attest::Document* recipient = nullptr;
  // Further condition keys, of this operation alone.
  policy::Context more{};
};

struct Ruling {
  std::optional<Answer> refusal{};  // AccessDeniedException; nothing: go on
  const Grant* grant = nullptr;     // that allowed it, if the policy did not
};

Ruling rule(const Access& access, const StoredKey& key, std::string_view key_arn, const Caller& caller);

policy::Identity identity_of(const Caller& caller);

// `User: … is not authorized to perform: kms:… on resource: … ` and `reason`.
Answer access_denied(const Caller& caller, std::string_view operation, std::string_view resource,
                     std::string_view reason);

}  // namespace nes::aws_emulator

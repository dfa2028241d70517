// What KMS keeps: keys with their material, policies and grants, and the aliases of keys. Keys here are for
// development and tests alone: they are neither wiped nor locked, and the store has them in the clear.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws_emulator {

using EncryptionContext = std::map<std::string, std::string>;

enum class KeyState : std::uint8_t { kEnabled, kDisabled, kPendingDeletion };
// As KeyMetadata has it; never empty.
std::string_view key_state_name(KeyState state) noexcept;

// Which encryption contexts a grant is for; neither: all.
struct GrantConstraints {
  std::optional<EncryptionContext> equals{};
  std::optional<EncryptionContext> subset{};

  bool admit(const EncryptionContext& context) const;
  // Whether whatever these admit is admitted by `wider` too, as far as one can tell from the names.
  bool within(const GrantConstraints& wider) const;
  friend bool operator==(const GrantConstraints&, const GrantConstraints&) = default;
};

struct Grant {
  std::string id;     // 64 hex digits
  std::string token;  // stands for key and id in RetireGrant
  std::string name{};
  std::string grantee;               // a principal's ARN
  std::string retiring_principal{};  // empty: none
  std::string issuing_account{};
  std::vector<std::string> operations{};  // as an API call is named, but ReEncryptFrom and ReEncryptTo
  GrantConstraints constraints{};
  std::int64_t created_ms = 0;
};

struct StoredKey {
  std::string id;  // a UUID
  Bytes material;  // 32 bytes
  std::string description{};
  std::string policy;  // JSON, as it was put
  KeyState state = KeyState::kEnabled;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> deletion_ms{};  // set if and only if the deletion is pending
  std::vector<Grant> grants{};                // in the order of creation
};

struct KmsState {
  std::map<std::string, StoredKey, std::less<>> keys;       // by id
  std::map<std::string, std::string, std::less<>> aliases;  // alias/NAME -> key id
};

// An object of texts.
std::string write_text_map(const std::map<std::string, std::string>& texts);
// As requests, answers and the state have them.
std::string write_constraints(const GrantConstraints& constraints);

std::string write_kms_state(const KmsState& state);
// kMalformed if `text` is not what write_kms_state() made.
Result<KmsState> read_kms_state(std::string_view text);

}  // namespace nes::aws_emulator

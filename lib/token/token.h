// Tokens: what stands in a document in place of a sealed value (CONTRACTS section 5).
//
//   v2.<kid>.<base64url(nonce || ciphertext || tag)>
//
// A token's plaintext is opaque here; its first byte, the type, is rewrite's business. AES-256-GCM-SIV
// (RFC 8452), AAD = "nitro-enc-svc/v2" || 0x00 || kid || 0x00 || context.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "secret/secret.h"

namespace nes::token {

// Eight lower-case hex digits.
using KeyId = std::array<char, 8>;

enum class Mode : std::uint8_t { kRandomized, kDeterministic };

// A data encryption key and what is derived from it: subkeys by HKDF-SHA256 (RFC 5869) with empty salt and
// info "nitro-enc-svc/v2/" + "aead" | "nonce" | "kid". Immutable; share it freely.
class DataKey {
 public:
  // kMalformed unless `dek` has 32 bytes; kCrypto if the library fails.
  static Result<std::shared_ptr<const DataKey>> derive(const secret::SecretBytes& dek);

  const KeyId& kid() const noexcept { return kid_; }
  const secret::SecretBytes& dek() const noexcept { return dek_; }  // for v1 tokens
  const secret::SecretBytes& aead_key() const noexcept { return aead_key_; }
  const secret::SecretBytes& nonce_key() const noexcept { return nonce_key_; }

 private:
  DataKey() = default;
  KeyId kid_{};
  secret::SecretBytes dek_, aead_key_, nonce_key_;
};

// The keys that are loaded at one time: one that seals, and all that open, newest first. Immutable snapshot.
class KeySet {
 public:
  // `keys` newest first; keys[0] seals. kMalformed if empty or if two have one kid (the caller decides which
  // to leave out); kLimit over limits::kLoadedKeys.
  static Result<std::shared_ptr<const KeySet>> make(std::vector<std::shared_ptr<const DataKey>> keys);

  std::span<const std::shared_ptr<const DataKey>> keys() const noexcept { return keys_; }
  const DataKey& sealing_key() const noexcept { return *keys_.front(); }

 private:
  explicit KeySet(std::vector<std::shared_ptr<const DataKey>> keys) noexcept;
  std::vector<std::shared_ptr<const DataKey>> keys_;
};

// Seals and opens under one KeySet. Holds cipher contexts: one instance a thread, made when the snapshot
// changes.
class TokenCipher {
 public:
  struct Options {
    bool accept_v1 = false;  // ACCEPT_V1_TOKENS
  };

  // kCrypto if the library refuses.
  static Result<std::unique_ptr<TokenCipher>> make(std::shared_ptr<const KeySet> keys, Options options);
  virtual ~TokenCipher() = default;

  // Appends the token of `plaintext` (type byte first; non-empty) to `out`. Ciphertext is public. `context`
  // has at most limits::kContextBytes bytes. kCrypto if the library fails: `out` is then as before.
  virtual Result<void> seal(Mode mode, std::string_view context, ByteView plaintext,
                            secret::SecretBytes& out) = 0;

  // Appends the plaintext of `token` (type byte first) to `plaintext`, trying `context`, then
  // `previous_contexts` in order. kTokenRejected for anything that is not a token of ours (malformed, another
  // spelling, tampered, other context); kKeyNotLoaded if it is well formed and names a kid that is not
  // loaded. After an error `plaintext` is as before. `opened_with`, if not null, receives the kid on success.
  virtual Result<void> open(std::string_view context, std::span<const std::string> previous_contexts,
                            std::string_view token, secret::SecretBytes& plaintext, KeyId* opened_with) = 0;
};

// Exact number of characters of the token of a plaintext of n bytes.
constexpr std::size_t token_size(std::size_t n) noexcept;

}  // namespace nes::token

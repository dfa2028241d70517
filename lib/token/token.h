// Tokens: what stands in a document in place of a sealed value (CONTRACTS section 5).
//
//   v2.<kid>.<base64url(nonce || ciphertext || tag)>
//
// A token's plaintext is opaque here; its first byte, the type, is rewrite's business. AES-256-GCM-SIV
// (RFC 8452), AAD = "nitro-enc-svc/v2" || 0x00 || kid || 0x00 || context. Every token has one spelling.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
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
  // `keys`, none null, newest first; keys[0] seals. kMalformed if empty or if two have one kid (the caller
  // decides which to leave out): position is then the older one's index. kLimit over limits::kLoadedKeys.
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
  static Result<std::unique_ptr<TokenCipher>> make(const std::shared_ptr<const KeySet>& keys,
                                                   Options options);
  virtual ~TokenCipher() = default;

  // Appends the token of `plaintext` (type byte first; not in `out`) to `out`. Ciphertext is public. An empty
  // plaintext, or a context of more than limits::kContextBytes bytes, here or in open(), is a mistake of the
  // program and ends it. kCrypto if the library fails: `out` is then as before.
  virtual Result<void> seal(Mode mode, std::string_view context, ByteView plaintext,
                            secret::SecretBytes& out) = 0;

  // Appends the plaintext of `token` (type byte first) to `plaintext`, trying `context`, then
  // `previous_contexts` in order. kTokenRejected for anything that is not a token of ours (malformed, another
  // spelling, tampered, other context); kKeyNotLoaded if it is well formed and names a kid that is not
  // loaded; kCrypto if the library fails. After an error `plaintext` is as before. `opened_with`, if not
  // null, receives the kid on success. `token` is not in `plaintext`.
  //
  // With accept_v1 the older form opens too: under each key, newest first, whatever the contexts. It held
  // strings alone, so 's' stands before its value; whether that is UTF-8 is for the caller to check.
  virtual Result<void> open(std::string_view context, std::span<const std::string> previous_contexts,
                            std::string_view token, secret::SecretBytes& plaintext, KeyId* opened_with) = 0;

  // The same under `context` alone and without the older form, which names none.
  virtual Result<void> open_bound(std::string_view context, std::string_view token,
                                  secret::SecretBytes& plaintext, KeyId* opened_with) = 0;
};

// What a token holds beside the ciphertext, which is as long as the plaintext.
inline constexpr std::size_t kNonceSize = 12;
inline constexpr std::size_t kTagSize = 16;

// Exact number of characters of the token of a plaintext of n bytes.
constexpr std::size_t token_size(std::size_t n) noexcept {
  return std::string_view("v2.kkkkkkkk.").size() + base::base64url_encoded_size(kNonceSize + n + kTagSize);
}

// Whether `text` has the form of a token, v2 or v1; says nothing about whether it opens. Any thread; one pass
// without allocation, and text that is no token is mostly told by its first characters.
bool looks_like_token(std::string_view text) noexcept;

}  // namespace nes::token

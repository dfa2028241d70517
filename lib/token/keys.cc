#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "token/token.h"

namespace nes::token {
namespace {

constexpr std::size_t kDekSize = 32;
constexpr std::size_t kNonceKeySize = 32;
constexpr std::size_t kKidBytes = std::tuple_size_v<KeyId> / 2;

Result<secret::SecretBytes> subkey(const secret::SecretBytes& dek, std::string_view info, std::size_t size) {
  secret::SecretBytes key(size);
  NES_TRY(crypto::hkdf_sha256(dek, {}, as_bytes(info), key.reveal_mutable()));
  return key;
}

}  // namespace

Result<std::shared_ptr<const DataKey>> DataKey::derive(const secret::SecretBytes& dek) {
  if (dek.size() != kDekSize) return Error{ErrorCode::kMalformed, "a data encryption key has 32 bytes"};
  NES_TRY_ASSIGN(secret::SecretBytes aead_key,
                 subkey(dek, "nitro-enc-svc/v2/aead", crypto::AesGcmSiv::kKeySize));
  NES_TRY_ASSIGN(secret::SecretBytes nonce_key, subkey(dek, "nitro-enc-svc/v2/nonce", kNonceKeySize));
  // Derived from the key, and public from here on: HKDF's outputs for different infos are independent.
  NES_TRY_ASSIGN(const secret::SecretBytes kid, subkey(dek, "nitro-enc-svc/v2/kid", kKidBytes));
  const std::string kid_text = base::hex_encode(kid.reveal());

  const std::shared_ptr<DataKey> key(new DataKey());  // the constructor is private: no make_shared
  std::copy(kid_text.begin(), kid_text.end(), key->kid_.begin());
  key->dek_ = secret::SecretBytes::copy_of(dek.reveal());
  key->aead_key_ = std::move(aead_key);
  key->nonce_key_ = std::move(nonce_key);
  return std::shared_ptr<const DataKey>(key);
}

KeySet::KeySet(std::vector<std::shared_ptr<const DataKey>> keys) noexcept : keys_(std::move(keys)) {}

Result<std::shared_ptr<const KeySet>> KeySet::make(std::vector<std::shared_ptr<const DataKey>> keys) {
  if (keys.empty()) return Error{ErrorCode::kMalformed, "a key set holds at least one key"};
  if (keys.size() > limits::kLoadedKeys) return Error{ErrorCode::kLimit, "too many keys are loaded"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    NES_CHECK(keys[i] != nullptr);
    for (std::size_t j = 0; j < i; ++j)
      if (keys[i]->kid() == keys[j]->kid())
        return Error{ErrorCode::kMalformed, "two keys have one key id", i};
  }
  return std::shared_ptr<const KeySet>(new KeySet(std::move(keys)));
}

}  // namespace nes::token

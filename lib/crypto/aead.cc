#include "crypto/aead.h"

#include <gcrypt.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/initialize.h"

namespace nes::crypto {
namespace {

// Brings a handle that may have finished a message to the state "nonce and aad given". Reset comes first: see
// SPEC.md.
gcry_error_t begin(gcry_cipher_hd_t handle, AesGcmSiv::Nonce nonce, ByteView aad) noexcept {
  if (const gcry_error_t error = gcry_cipher_reset(handle); error != 0) return error;
  if (const gcry_error_t error = gcry_cipher_setiv(handle, nonce.data(), nonce.size()); error != 0)
    return error;
  if (aad.empty()) return 0;
  return gcry_cipher_authenticate(handle, aad.data(), aad.size());
}

gcry_error_t encrypt(gcry_cipher_hd_t handle, ByteView plaintext, ByteSpan sealed) noexcept {
  const ByteSpan ciphertext = sealed.first(plaintext.size());
  const ByteSpan tag = sealed.subspan(plaintext.size());
  if (const gcry_error_t error = gcry_cipher_encrypt(handle, ciphertext.data(), ciphertext.size(),
                                                     plaintext.data(), plaintext.size());
      error != 0)
    return error;
  return gcry_cipher_gettag(handle, tag.data(), tag.size());
}

// The tag goes in before the ciphertext, because the counter starts from it (RFC 8452 section 5).
gcry_error_t decrypt(gcry_cipher_hd_t handle, ByteView sealed, ByteSpan plaintext) noexcept {
  const ByteView ciphertext = sealed.first(plaintext.size());
  // The library's macro casts the constness of the tag away; it only reads it.
  std::array<std::uint8_t, AesGcmSiv::kTagSize> tag{};
  std::copy(sealed.end() - AesGcmSiv::kTagSize, sealed.end(), tag.begin());
  if (const gcry_error_t error = gcry_cipher_ctl(handle, GCRYCTL_SET_DECRYPTION_TAG, tag.data(), tag.size());
      error != 0)
    return error;
  return gcry_cipher_decrypt(handle, plaintext.data(), plaintext.size(), ciphertext.data(),
                             ciphertext.size());
}

}  // namespace

void AesGcmSiv::Close::operator()(gcry_cipher_handle* handle) const noexcept { gcry_cipher_close(handle); }

Result<AesGcmSiv> AesGcmSiv::create(const secret::SecretBytes& key) {
  if (key.size() != kKeySize) return Error{ErrorCode::kMalformed, "an AES-256-GCM-SIV key has 32 bytes"};
  NES_TRY(initialize());
  gcry_cipher_hd_t handle = nullptr;
  if (gcry_cipher_open(&handle, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM_SIV, 0) != 0)
    return Error{ErrorCode::kCrypto, "AES-256-GCM-SIV is not available"};
  AesGcmSiv cipher(handle);
  const ByteView bytes = key.reveal();
  if (gcry_cipher_setkey(handle, bytes.data(), bytes.size()) != 0)
    return Error{ErrorCode::kCrypto, "AES-256-GCM-SIV refuses the key"};
  return cipher;
}

Result<void> AesGcmSiv::seal(Nonce nonce, ByteView aad, ByteView plaintext, ByteSpan sealed) {
  NES_CHECK(handle_ != nullptr && sealed.size() == plaintext.size() + kTagSize);
  gcry_error_t error = begin(handle_.get(), nonce, aad);
  if (error == 0) error = encrypt(handle_.get(), plaintext, sealed);
  if (error == 0) return {};
  secret::wipe(sealed);
  return Error{ErrorCode::kCrypto, "AES-256-GCM-SIV cannot encrypt"};
}

Result<void> AesGcmSiv::open(Nonce nonce, ByteView aad, ByteView sealed, ByteSpan plaintext) {
  if (sealed.size() < kTagSize) {
    secret::wipe(plaintext);
    return Error{ErrorCode::kMalformed, "ciphertext is shorter than its tag"};
  }
  NES_CHECK(handle_ != nullptr && plaintext.size() == sealed.size() - kTagSize);
  gcry_error_t error = begin(handle_.get(), nonce, aad);
  if (error == 0) error = decrypt(handle_.get(), sealed, plaintext);
  if (error == 0) return {};
  secret::wipe(plaintext);
  if (gcry_err_code(error) == GPG_ERR_CHECKSUM)
    return Error{ErrorCode::kMalformed, "ciphertext is not authentic"};
  return Error{ErrorCode::kCrypto, "AES-256-GCM-SIV cannot decrypt"};
}

}  // namespace nes::crypto

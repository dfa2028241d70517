// AES-256-GCM-SIV (RFC 8452), nonce-misuse resistant: a repeated nonce reveals only that two messages are
// equal. The key is set once and its schedule reused from message to message.
//
// Not thread-safe: one object a thread. Move-only; closing wipes the key schedule.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "secret/secret.h"

struct gcry_cipher_handle;

namespace nes::crypto {

class AesGcmSiv {
 public:
  static constexpr std::size_t kKeySize = 32;
  static constexpr std::size_t kNonceSize = 12;
  static constexpr std::size_t kTagSize = 16;
  using Nonce = std::span<const std::uint8_t, kNonceSize>;

  // kMalformed unless `key` has 32 bytes; kCrypto if the library refuses. Keeps no reference to `key`.
  static Result<AesGcmSiv> create(const secret::SecretBytes& key);

  // Writes ciphertext || tag to `sealed`, which has plaintext.size() + kTagSize bytes (else the process ends)
  // and does not overlap the inputs. kCrypto if the library fails; `sealed` is then wiped.
  Result<void> seal(Nonce nonce, ByteView aad, ByteView plaintext, ByteSpan sealed);

  // The inverse: `plaintext` has sealed.size() - kTagSize bytes (else the process ends) and does not overlap
  // the inputs. kMalformed if `sealed` is shorter than a tag or was not made from this key, nonce and aad;
  // kCrypto if the library fails; `plaintext` is then wiped.
  Result<void> open(Nonce nonce, ByteView aad, ByteView sealed, ByteSpan plaintext);

 private:
  struct Close {
    void operator()(gcry_cipher_handle* handle) const noexcept;
  };
  explicit AesGcmSiv(gcry_cipher_handle* handle) noexcept : handle_(handle) {}

  std::unique_ptr<gcry_cipher_handle, Close> handle_;
};

}  // namespace nes::crypto

// The RSA key to which KMS encrypts its answers (Recipient), one a boot: its public half goes into the
// attestation document, the private half never leaves the process.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret.h"

struct evp_pkey_st;

namespace nes::aws {

// Thread rule: const functions from any thread.
class RecipientKey {
 public:
  // RSA of 2048 bits; takes some tenths of a second. kCrypto if OpenSSL fails.
  static Result<std::unique_ptr<RecipientKey>> generate();

  // SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7).
  const Bytes& public_key_der() const noexcept { return public_key_der_; }

  // The content of a CiphertextForRecipient: CMS EnvelopedData (RFC 5652 section 6) in BER, indefinite
  // lengths and content in chunks included. Before anything is decrypted it must be what KMS makes: one
  // KeyTransRecipientInfo by subjectKeyIdentifier, RSAES-OAEP with SHA-256 in both places and no label
  // (RFC 8017 appendix A.2.1), AES-256-CBC, no bytes behind it. kMalformed otherwise, or if the padding is
  // wrong; kLimit over limits::kCmsBytes; kCrypto.
  //
  // Against padding oracles OpenSSL goes on with a random key if the key transport does not open. One time
  // in 256 or so that ends in random bytes rather than an error, so THE CALLER MUST CHECK THE LENGTH: it
  // knows what it has asked for. CMS authenticates nothing; who sent it is known from TLS.
  Result<secret::SecretBytes> open(ByteView cms) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  RecipientKey(std::unique_ptr<evp_pkey_st, Free> key, Bytes public_key_der) noexcept
      : key_(std::move(key)), public_key_der_(std::move(public_key_der)) {}

  std::unique_ptr<evp_pkey_st, Free> key_;
  Bytes public_key_der_;
};

}  // namespace nes::aws

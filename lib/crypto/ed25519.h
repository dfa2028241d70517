// Ed25519 signatures (RFC 8032 section 5.1), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret.h"

struct evp_pkey_st;

namespace nes::crypto {

using Ed25519Signature = std::array<std::uint8_t, 64>;

// Immutable; copies share it. Thread rule: any thread.
class Ed25519PublicKey {
 public:
  // SubjectPublicKeyInfo in DER (RFC 8410 section 4), whole and nothing else; kMalformed.
  static Result<Ed25519PublicKey> from_der(ByteView der);
  // The key's 32 bytes (RFC 8032 section 5.1.5); kMalformed for another number of them. Not every such string
  // is a point of the curve: under one that is none, no signature verifies.
  static Result<Ed25519PublicKey> from_raw(ByteView bytes);
  // kCrypto if OpenSSL fails.
  Result<Bytes> to_der() const;
  // kNotAllowed if the signature is not this key's over `message`; kCrypto.
  Result<void> verify(ByteView message, const Ed25519Signature& signature) const;

 private:
  friend class Ed25519PrivateKey;
  explicit Ed25519PublicKey(std::shared_ptr<evp_pkey_st> key) noexcept : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

// Thread rule: const functions from any thread.
class Ed25519PrivateKey {
 public:
  // kCrypto if OpenSSL fails.
  static Result<Ed25519PrivateKey> generate();
  // PKCS #8 in PEM, without a passphrase ("BEGIN PRIVATE KEY"); kMalformed.
  static Result<Ed25519PrivateKey> from_pem(const secret::SecretBytes& pem);
  Result<secret::SecretBytes> to_pem() const;
  Result<Ed25519PublicKey> public_key() const;
  Result<Ed25519Signature> sign(ByteView message) const;

 private:
  explicit Ed25519PrivateKey(std::shared_ptr<evp_pkey_st> key) noexcept : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace nes::crypto

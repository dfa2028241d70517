// Who the server is (CONTRACTS section 7): a P-256 key made at boot, a boot CA certificate that is fixed for
// the boot, and leaf certificates that it issues, all under that one key. The private key never leaves the
// process.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret.h"
#include "tls/openssl.h"

namespace nes::tls {

// Of the non-critical extension that holds an OCTET STRING with an attestation document: 2.25.<UUID> (X.667),
// the UUID being a4cdbfe1-eede-4bbd-8923-21c053a38552.
inline constexpr const char* kAttestationOid = "2.25.219061704005222877541837240410931692882";

// A certificate chain and its key, as a server shows them. Immutable.
class Identity {
 public:
  Identity(OpenSslPtr<evp_pkey_st> key, std::vector<OpenSslPtr<x509_st>> chain) noexcept;

  evp_pkey_st* key() const noexcept { return key_.get(); }
  // SubjectPublicKeyInfo in DER: what an attestation document vouches for.
  Bytes public_key_der() const;
  // Leaf first.
  std::span<const OpenSslPtr<x509_st>> chain() const noexcept { return chain_; }

 private:
  OpenSslPtr<evp_pkey_st> key_;
  std::vector<OpenSslPtr<x509_st>> chain_;
};

// An identity whose certificates were issued elsewhere: `chain_pem`, leaf first, and its key as PKCS #8 in
// DER. kMalformed if either does not parse, holds something else too, or if the key is not the leaf's.
Result<std::shared_ptr<const Identity>> load_identity(std::string_view chain_pem,
                                                      const secret::SecretBytes& key_der);

// Thread rule: const functions from any thread.
class BootIdentity {
 public:
  // Makes the key and the boot CA, valid from an hour before `unix_ms` for ten years. kCrypto if OpenSSL
  // fails.
  static Result<std::unique_ptr<BootIdentity>> create(std::int64_t unix_ms);

  // A leaf for `names` (DNS names, or IPv4 and IPv6 addresses), valid from an hour before `unix_ms` for a
  // day, with the boot CA behind it. A non-empty `attestation` document stands in its extension
  // kAttestationOid. kMalformed if a name is neither; kCrypto if OpenSSL fails.
  Result<std::shared_ptr<const Identity>> issue(std::span<const std::string> names, std::int64_t unix_ms,
                                                ByteView attestation) const;

  // The boot CA in PEM, and the key's SubjectPublicKeyInfo in DER.
  std::string ca_pem() const;
  Bytes public_key_der() const;

 private:
  BootIdentity(OpenSslPtr<evp_pkey_st> key, OpenSslPtr<x509_st> ca) noexcept;
  OpenSslPtr<evp_pkey_st> key_;
  OpenSslPtr<x509_st> ca_;
};

}  // namespace nes::tls

// A chain of certificates as the Nitro hypervisor has one: a root, an intermediate, and a leaf whose key
// signs attestation documents. For tests, each of them can be made wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

struct evp_pkey_st;
struct x509_st;

namespace nes::nsm_emulator {

// One certificate, as it should be made.
struct CertificatePlan {
  std::string name;
  const char* curve = "P-384";
  const char* digest = "SHA384";  // of the signature on this certificate
  const char* basic_constraints = "critical,CA:TRUE";
  const char* key_usage = "critical,keyCertSign,cRLSign";
  std::int64_t begins_unix_s = 0;
  std::int64_t ends_unix_s = 0;
  bool signed_by_another = false;  // by a key that is not its issuer's
};

// Root first, leaf last, all valid: the root for 30 years, the intermediate for a month, the leaf for three
// hours from five minutes before `unix_ms`.
std::vector<CertificatePlan> usual_plans(std::int64_t unix_ms);

// Thread rule: const functions from any thread.
class Chain {
 public:
  // At least a root and a leaf. kCrypto if OpenSSL refuses something.
  static Result<Chain> make(const std::vector<CertificatePlan>& plans);
  // The same root, and new certificates below it as usual_plans() has them.
  Result<Chain> renewed(std::int64_t unix_ms) const;

  // Root and its key, to keep: PEM, the certificate first.
  std::string root_and_key_pem() const;
  // The inverse, with new certificates below. kMalformed.
  static Result<Chain> from_root(const std::string& root_and_key_pem, std::int64_t unix_ms);

  std::string root_pem() const;
  // DER, root first, without the leaf; and the leaf.
  std::vector<Bytes> cabundle() const;
  Bytes leaf() const;
  std::int64_t leaf_ends_unix_s() const noexcept { return leaf_ends_unix_s_; }

  // ECDSA with SHA-384 by the leaf's key: r || s. kCrypto.
  Result<Bytes> sign(ByteView message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
    void operator()(x509_st* certificate) const noexcept;
  };
  using KeyPtr = std::unique_ptr<evp_pkey_st, Free>;
  using CertificatePtr = std::unique_ptr<x509_st, Free>;
  struct Link {
    KeyPtr key;
    CertificatePtr certificate;
  };

  Chain() = default;
  static Result<Link> make_link(const CertificatePlan& plan, const Link* issuer);
  Result<void> extend(const std::vector<CertificatePlan>& plans);

  std::vector<Link> links_;  // root first, leaf last
  std::int64_t leaf_ends_unix_s_ = 0;
};

}  // namespace nes::nsm_emulator

// Whom attestation documents are believed from.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

// Immutable. Thread rule: any thread.
class TrustRoot {
 public:
  // AWS Nitro Enclaves Root-G1, built in. Its SHA-256 is checked by a test against the published one.
  static const TrustRoot& aws_nitro();
  // The one certificate of a PEM text. kMalformed if there is none, more than one, or if it is not a
  // self-signed P-384 CA certificate.
  static Result<TrustRoot> from_pem(std::string_view pem);
  // For development alone: accepts documents without a signature, as QEMU's virtio-nsm makes them (algorithm
  // -1, a signature of zeros), and no others. Their measurements are a claim of whoever sent them.
  static TrustRoot unsigned_development();

  bool accepts_unsigned() const noexcept { return certificate_der_.empty(); }
  // DER; empty for unsigned_development().
  const Bytes& certificate_der() const noexcept { return certificate_der_; }

 private:
  explicit TrustRoot(Bytes certificate_der) noexcept : certificate_der_(std::move(certificate_der)) {}
  Bytes certificate_der_;
};

}  // namespace nes::attest

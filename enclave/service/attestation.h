// GET /attestation: documents that vouch for the TLS key, made when somebody asks (CONTRACTS section 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"

namespace nes::service {

// The value of the one parameter `nonce` of a query: base64url without padding, of 16 to 64 bytes.
// kMalformedRequest for anything else.
Result<Bytes> parse_nonce(std::string_view query);

// The NSM is one and slow: one document at a time, and few a second. Thread rule: any thread.
class Attestation {
 public:
  // Both must outlive this.
  Attestation(attest::Nsm& nsm, const Clock& clock) noexcept : nsm_(nsm), clock_(clock) {}

  // A document with this nonce and user_data, and no public key. kRateLimited while another one is being
  // made, or after limits::kAttestationsPerSecond within a second; kInternal if the NSM fails.
  Result<Bytes> document(Bytes nonce, Bytes user_data);

 private:
  attest::Nsm& nsm_;
  const Clock& clock_;
  std::mutex mutex_;
  std::array<std::int64_t, limits::kAttestationsPerSecond> begun_ms_{};  // the last ones, as a ring
  std::size_t oldest_ = 0;
  std::size_t count_ = 0;
};

}  // namespace nes::service

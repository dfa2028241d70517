// Where the enclave's IAM credentials come from, and the cache that keeps them fresh. They reach the enclave
// through the parent and are no secret from it; KMS's answer to them is (attestation).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "aws/exchange.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/result.h"

namespace nes::aws {

class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  // New credentials. May block. Errors: exchange()'s; kMalformed for an answer of another shape; kIo with the
  // HTTP status as position.
  virtual Result<Credentials> fetch() = 0;
};

// The egress's own endpoint (CONTRACTS section 8): GET http://credentials/v1/credentials.
class EgressCredentials final : public CredentialsSource {
 public:
  explicit EgressCredentials(Transport transport) noexcept : transport_(std::move(transport)) {}
  Result<Credentials> fetch() override;

 private:
  Transport transport_;
};

// The instance metadata service, version 2: a session token, the role's name, its credentials.
class ImdsCredentials final : public CredentialsSource {
 public:
  explicit ImdsCredentials(Transport transport,
                           Address address = {.tls = false, .host = "169.254.169.254", .port = 80}) noexcept
      : transport_(std::move(transport)), address_(std::move(address)) {}
  Result<Credentials> fetch() override;

 private:
  Transport transport_;
  Address address_;
};

// {AccessKeyId, SecretAccessKey, Token, Expiration}, as both of them answer; kMalformed. Other members are
// ignored, but for IMDS's Code, which must be Success.
Result<Credentials> parse_credentials(std::string_view json);

// Thread rule: one thread.
class CredentialsProvider {
 public:
  // `random_below(n)` gives 0 to n - 1. The references must outlive the provider.
  CredentialsProvider(CredentialsSource& source, const Clock& clock,
                      std::function<std::uint64_t(std::uint64_t)> random_below) noexcept
      : source_(source), clock_(clock), random_below_(std::move(random_below)) {}

  // Credentials that have not expired: the cached ones until limits::kAwsCredentialsEarlyMs, and up to
  // limits::kAwsCredentialsJitterMs more, before they do; then fetched ones. If fetching fails, the cached
  // ones as long as they last, and no new attempt for limits::kAwsCredentialsRetryMs. The source's error once
  // there are none; kNotReady if the source has only expired ones.
  Result<std::shared_ptr<const Credentials>> get();

  // A service has refused the cached ones: the next get() fetches.
  void invalidate() noexcept { cached_.reset(); }

 private:
  CredentialsSource& source_;
  const Clock& clock_;
  std::function<std::uint64_t(std::uint64_t)> random_below_;
  std::shared_ptr<const Credentials> cached_;
  std::int64_t refresh_at_unix_ms_ = 0;
};

}  // namespace nes::aws

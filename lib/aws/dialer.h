// How AWS is reached: from inside the enclave only through the parent (CONTRACTS sections 1 and 8), which is
// hostile. What a dialer connects to proves who it is by TLS, above this.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "os/endpoint.h"
#include "os/unique_fd.h"

namespace nes::aws {

// Thread rule: any thread.
class Dialer {
 public:
  virtual ~Dialer() = default;
  // A connected, non-blocking socket to `host`, within `timeout_ms`. kTimeout, kIo, or what the
  // implementation adds.
  virtual Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) = 0;
};

// VSOCK_PROXY_MODE=connect: one port of the parent, which is asked for the host with CONNECT (RFC 9110
// section 9.3.6).
class ConnectDialer final : public Dialer {
 public:
  // `clock` must outlive the dialer.
  ConnectDialer(os::Endpoint proxy, const Clock& clock) noexcept : proxy_(std::move(proxy)), clock_(clock) {}

  // Adds: kNotAllowed if the proxy answers 403; kIo with the status as position for any other but 2xx;
  // kMalformed, kLimit or kTruncated if its answer is none, or is followed by bytes before anything was
  // asked; kMalformed for a `host` that is neither a DNS name nor an IPv4 address.
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) override;

 private:
  os::Endpoint proxy_;
  const Clock& clock_;
};

// VSOCK_PROXY_MODE=ports: AWS's vsock-proxy, a port a destination: KMS base + 1, Secrets Manager + 2, S3 + 3,
// IMDS + 4.
class PortsDialer final : public Dialer {
 public:
  explicit PortsDialer(os::Endpoint base) noexcept : base_(std::move(base)) {}

  // Adds: kNotFound for a host of another service. `port` is the parent's business.
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) override;

 private:
  os::Endpoint base_;
};

}  // namespace nes::aws

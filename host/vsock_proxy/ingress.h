// The sidecar's side: TCP connections to the enclave, whose bytes nobody here reads. A connection that comes
// while the enclave is away waits for it, up to CONNECT_WAIT_SECS.
//
// Thread rule: the loop's thread.
#pragma once

#include <memory>

#include "host/vsock_proxy/connections.h"
#include "host/vsock_proxy/health_watch.h"
#include "os/acceptor.h"
#include "os/endpoint.h"

namespace nes::vsock_proxy {

class Ingress {
 public:
  struct Options {
    os::Endpoint listen;
    os::Endpoint enclave;
    std::int64_t connect_wait_ms = 30'000;
  };
  // kIo with errno as position if it cannot listen. With `health` a connection that found the enclave away
  // waits until it is ready, and not only until it listens: an enclave that starts refuses requests at first.
  // The references must outlive it.
  static Result<std::unique_ptr<Ingress>> start(Shared& shared, const Options& options, HealthWatch* health);

  // Where it listens.
  std::uint16_t tcp_port() const noexcept { return os::bound_tcp_port(listener_.get()); }
  // Accepts no more, and `idle` is called when all is done.
  void drain(Connections::Idle idle);
  // Resets what is left.
  void cut() { connections_.cut(); }
  Connections& connections() noexcept { return connections_; }

  // For connections.
  const Options& options() const noexcept { return options_; }
  HealthWatch* health() const noexcept { return health_; }

 private:
  Ingress(Shared& shared, Options options, HealthWatch* health, os::UniqueFd listener);

  const Options options_;
  HealthWatch* const health_;
  os::UniqueFd listener_;
  Connections connections_;
  std::unique_ptr<os::Acceptor> acceptor_;
};

}  // namespace nes::vsock_proxy

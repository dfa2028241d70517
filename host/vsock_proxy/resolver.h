// Names to addresses of both families (c-ares: /etc/hosts, then DNS as /etc/resolv.conf says), kept for their
// TTL.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/vsock_proxy/allow_list.h"
#include "os/event_loop.h"

namespace nes::vsock_proxy {

class Resolver {
 public:
  // In the order in which they should be tried (RFC 6724); at least one.
  using Addresses = std::vector<IpAddress>;
  using Done = std::function<void(Result<Addresses>)>;

  // kIo if the library cannot be set up. The loop must outlive the resolver.
  static Result<std::unique_ptr<Resolver>> create(os::EventLoop& loop);
  virtual ~Resolver() = default;

  // Calls `done` once, at once for what is kept: kNotFound if the name has no address; kTimeout; kIo. `done`
  // may come after whoever asked is gone: it must not hold on to it.
  virtual void resolve(const std::string& name, Done done) = 0;
};

}  // namespace nes::vsock_proxy

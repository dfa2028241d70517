// The admin port: GET /livez, /readyz and /metrics over plain HTTP/1.1, one request a connection.
//
// Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/vsock_proxy/connections.h"
#include "os/acceptor.h"
#include "os/endpoint.h"

namespace nes::vsock_proxy {

class Admin {
 public:
  struct Sources {
    std::function<bool()> ready;
    std::function<std::string()> metrics;
  };
  // kIo with errno as position.
  static Result<std::unique_ptr<Admin>> start(os::EventLoop& loop, const Report& report,
                                              const os::Endpoint& listen, Sources sources);

  std::uint16_t tcp_port() const noexcept { return os::bound_tcp_port(listener_.get()); }
  const Sources& sources() const noexcept { return sources_; }

 private:
  Admin(os::EventLoop& loop, const Report& report, os::UniqueFd listener, Sources sources);

  const Sources sources_;
  Metrics metrics_;  // of this port alone; nobody asks for them
  Shared shared_;
  os::UniqueFd listener_;
  Connections connections_;
  os::Acceptor acceptor_;
};

}  // namespace nes::vsock_proxy

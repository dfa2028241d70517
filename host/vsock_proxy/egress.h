// The parent's side: the enclave's one way out. A client asks by HTTP CONNECT for a name and a port of the
// allow-list; the name is resolved here, and only addresses that it may lead to are connected to. The name
// `credentials`, port 80, is answered here. Ports of --forward are carried to one place each without being
// asked for.
//
// Thread rule: the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/vsock_proxy/allow_list.h"
#include "host/vsock_proxy/connections.h"
#include "host/vsock_proxy/credentials.h"
#include "host/vsock_proxy/resolver.h"
#include "os/acceptor.h"
#include "os/endpoint.h"

namespace nes::vsock_proxy {

// A name or an address, and a port.
struct Place {
  std::string host;
  std::uint16_t port = 0;
};

class Egress {
 public:
  struct Forward {
    std::uint32_t port = 0;  // beside that of `listen`
    std::optional<os::Endpoint> endpoint{};
    Place place{};  // if there is no endpoint: a name to resolve
  };
  struct Options {
    os::Endpoint listen;
    std::optional<std::uint32_t> allowed_cid{};  // of vsock peers
    std::vector<Forward> forwards{};
    std::map<std::string, os::Endpoint> maps{};  // by the name asked for, in lower case
    Credentials::Options credentials{};
    // The CID of an accepted connection. Another one stands in where there is no vsock.
    std::function<std::optional<std::uint32_t>(int)> peer_cid = os::peer_cid;
  };

  // kIo with errno as position. `shared` must outlive it.
  static Result<std::unique_ptr<Egress>> start(Shared& shared, Options options, AllowList list);

  std::uint16_t tcp_port() const noexcept { return os::bound_tcp_port(listeners_.front().get()); }
  // For connections from now on.
  void set_allow_list(AllowList list) { list_ = std::move(list); }
  void drain(Connections::Idle idle);
  void cut() { connections_.cut(); }

  // For connections.
  const AllowList& list() const noexcept { return list_; }
  const Options& options() const noexcept { return options_; }
  Resolver& resolver() noexcept { return *resolver_; }
  Credentials& credentials() noexcept { return credentials_; }

 private:
  Egress(Shared& shared, Options options, AllowList list, std::unique_ptr<Resolver> resolver);
  Result<void> listen(const os::Endpoint& endpoint, const Forward* forward);
  void adopt(os::UniqueFd client, const Forward* forward);

  const Options options_;
  AllowList list_;
  std::unique_ptr<Resolver> resolver_;
  Credentials credentials_;
  Connections connections_;
  std::vector<os::UniqueFd> listeners_;
  std::vector<std::unique_ptr<os::Acceptor>> acceptors_;
};

}  // namespace nes::vsock_proxy

#include "host/vsock_proxy/egress.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "host/vsock_proxy/outbound.h"

namespace nes::vsock_proxy {

Result<std::unique_ptr<Egress>> Egress::start(Shared& shared, Options options, AllowList list) {
  NES_TRY_ASSIGN(std::unique_ptr<Resolver> resolver, Resolver::create(shared.loop));
  auto egress =
      std::unique_ptr<Egress>(new Egress(shared, std::move(options), std::move(list), std::move(resolver)));
  NES_TRY(egress->listen(egress->options_.listen, nullptr));
  for (const Forward& forward : egress->options_.forwards)
    NES_TRY(egress->listen(os::with_port(egress->options_.listen, forward.port), &forward));
  return egress;
}

Egress::Egress(Shared& shared, Options options, AllowList list, std::unique_ptr<Resolver> resolver)
    : options_(std::move(options)),
      list_(std::move(list)),
      resolver_(std::move(resolver)),
      credentials_(shared.loop, options_.credentials),
      connections_(shared) {}

Result<void> Egress::listen(const os::Endpoint& endpoint, const Forward* forward) {
  NES_TRY_ASSIGN(os::UniqueFd listener, os::listen_on(endpoint, SOMAXCONN));
  Shared& shared = connections_.shared();
  auto acceptor = std::make_unique<os::Acceptor>(
      shared.loop, listener.get(),
      [this, forward](os::UniqueFd client) { adopt(std::move(client), forward); },
      [&shared](std::uint64_t system_error) {
        shared.metrics.count(Cause::kAccept);
        shared.report.write(Level::kWarn, "accept_paused", {{"errno", std::to_string(system_error)}});
      });
  NES_TRY(acceptor->start());
  listeners_.push_back(std::move(listener));
  acceptors_.push_back(std::move(acceptor));
  return {};
}

void Egress::adopt(os::UniqueFd client, const Forward* forward) {
  Shared& shared = connections_.shared();
  const auto cid = options_.peer_cid(client.get());
  if (options_.allowed_cid && cid && *cid != *options_.allowed_cid) {
    shared.metrics.count(Cause::kPeer);
    shared.report.write(Level::kWarn, "peer_refused", {{"cid", std::to_string(*cid)}});
    return;
  }
  connections_.adopt(forward == nullptr ? make_asking(*this, connections_, std::move(client))
                                        : make_forwarded(*this, connections_, std::move(client), *forward));
}

void Egress::drain(Connections::Idle idle) {
  for (const auto& acceptor : acceptors_) acceptor->accept_rest();
  acceptors_.clear();
  listeners_.clear();
  connections_.when_idle(std::move(idle));
}

}  // namespace nes::vsock_proxy

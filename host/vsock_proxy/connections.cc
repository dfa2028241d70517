#include "host/vsock_proxy/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

Cause cause_of(RelayEnd end) noexcept {
  switch (end) {
    case RelayEnd::kStalled: return Cause::kStalled;
    case RelayEnd::kCut: return Cause::kCut;
    default: return Cause::kReset;
  }
}

}  // namespace

void set_keepalive(int fd) noexcept {
  const int on = 1;
  const int idle_s = 60;
  const int interval_s = 15;
  const int probes = 4;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::Connection(Connections& owner, os::UniqueFd client) : owner_(owner), client_(std::move(client)) {
  set_keepalive(client_.get());
}

Shared& Connection::shared() const noexcept { return owner_.shared(); }

void Connection::carry(os::UniqueFd target) {
  set_keepalive(target.get());
  relay_ = std::make_unique<Relay>(shared().loop, shared().pipes, std::move(client_), std::move(target),
                                   shared().metrics.bytes, [this](RelayEnd how) {
                                     if (how == RelayEnd::kComplete) return end();
                                     fail(cause_of(how), "relay");
                                   });
  if (!relay_->start().ok()) fail(Cause::kLimit, "relay");
}

void Connection::fail(Cause cause, std::string_view where) {
  shared().metrics.count(cause);
  shared().report.write(cause == Cause::kReset ? Level::kDebug : Level::kWarn, "connection_failed",
                        {{"cause", cause_name(cause)}, {"where", where}});
  owner_.forget(*this);
}

void Connection::end() { owner_.forget(*this); }

bool Connections::adopt(std::unique_ptr<Connection> connection) {
  ++shared_.metrics.accepted;
  if (connections_.size() >= limits::kProxyConnections) {
    shared_.metrics.count(Cause::kLimit);
    return false;
  }
  Connection& started = *connection;
  connections_.emplace(&started, std::move(connection));
  shared_.metrics.open = connections_.size();
  if (!started.start().ok()) started.fail(Cause::kLimit, "start");
  return true;
}

void Connections::when_idle(Idle idle) {
  idle_ = std::move(idle);
  if (connections_.empty()) std::exchange(idle_, nullptr)();
}

void Connections::cut() {
  for (auto& [key, connection] : connections_) {
    if (connection->relay_) connection->relay_->cut();
    shared_.metrics.count(Cause::kCut);
  }
  connections_.clear();
  shared_.metrics.open = 0;
}

void Connections::forget(Connection& connection) {
  const auto gone = connections_.extract(&connection);  // destroyed at the end
  shared_.metrics.open = connections_.size();
  if (connections_.empty() && idle_) std::exchange(idle_, nullptr)();
}

}  // namespace nes::vsock_proxy

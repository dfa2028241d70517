#include "host/vsock_proxy/ingress.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "base/limits.h"
#include "os/connector.h"

namespace nes::vsock_proxy {
namespace {

// Tries until the enclave answers, the client has gone, or the wait is over.
class Inbound final : public Connection, private os::EventHandler, private os::Deadline {
 public:
  Inbound(Connections& owner, os::UniqueFd client, const Ingress::Options& options)
      : Connection(owner, std::move(client)), options_(options), connector_(shared().loop) {}
  ~Inbound() override { unwatch(); }

  Result<void> start() override {
    begun_ms_ = shared().loop.now_ms();
    // No event but its failure: what it sends waits in the kernel.
    NES_TRY(shared().loop.add(client().get(), 0, *this));
    watched_ = true;
    attempt();
    return {};
  }

 private:
  void attempt() {
    connector_.start(options_.enclave, limits::kProxyConnectTimeoutMs, [this](Result<os::UniqueFd> outcome) {
      const std::int64_t waited_ms = shared().loop.now_ms() - begun_ms_;
      if (outcome.ok()) {
        shared().metrics.connected_after(waited_ms);
        unwatch();
        return carry(std::move(outcome).value());
      }
      if (waited_ms >= options_.connect_wait_ms)
        return fail(Cause::kConnect, os::format_endpoint(options_.enclave));
      shared().loop.arm(*this, limits::kProxyConnectRetryMs);
    });
  }

  void on_events(std::uint32_t /*events*/) override { end(); }  // the client has gone
  void on_deadline() override { attempt(); }

  void unwatch() noexcept {
    if (watched_) shared().loop.remove(client().get(), *this);
    watched_ = false;
  }

  const Ingress::Options& options_;
  os::Connector connector_;
  std::int64_t begun_ms_ = 0;
  bool watched_ = false;
};

}  // namespace

Result<std::unique_ptr<Ingress>> Ingress::start(Shared& shared, const Options& options) {
  NES_TRY_ASSIGN(os::UniqueFd listener, os::listen_on(options.listen, SOMAXCONN));
  auto ingress = std::unique_ptr<Ingress>(new Ingress(shared, options, std::move(listener)));
  NES_TRY(ingress->acceptor_->start());
  return ingress;
}

Ingress::Ingress(Shared& shared, Options options, os::UniqueFd listener)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      connections_(shared),
      acceptor_(std::make_unique<os::Acceptor>(
          shared.loop, listener_.get(),
          [this](os::UniqueFd client) {
            connections_.adopt(std::make_unique<Inbound>(connections_, std::move(client), options_));
          },
          [&shared](std::uint64_t system_error) {
            shared.metrics.count(Cause::kAccept);
            shared.report.write(Level::kWarn, "accept_paused", {{"errno", std::to_string(system_error)}});
          })) {}

void Ingress::drain(Connections::Idle idle) {
  if (acceptor_) acceptor_->accept_rest();
  acceptor_.reset();
  listener_.reset();
  connections_.when_idle(std::move(idle));
}

}  // namespace nes::vsock_proxy

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
  Inbound(Connections& owner, os::UniqueFd client, const Ingress& ingress)
      : Connection(owner, std::move(client)), ingress_(ingress), connector_(shared().loop) {}
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
    const Ingress::Options& options = ingress_.options();
    connector_.start(options.enclave, limits::kProxyConnectTimeoutMs,
                     [this, &options](Result<os::UniqueFd> outcome) {
                       if (outcome.ok()) return connected(std::move(outcome).value());
                       if (waited_ms() >= options.connect_wait_ms)
                         return fail(Cause::kConnect, os::format_endpoint(options.enclave));
                       has_failed_ = true;
                       look_later();
                     });
  }

  // One that has just come back may take connections before it is ready: it is asked once more.
  void connected(os::UniqueFd enclave) {
    if (!has_failed_ || ingress_.health() == nullptr) return go(std::move(enclave));
    enclave_ = std::move(enclave);
    look_later();
  }

  void go(os::UniqueFd enclave) {
    shared().metrics.connected_after(waited_ms());
    unwatch();
    carry(std::move(enclave));
  }

  void look_later() {
    if (ingress_.health() != nullptr) look_ = ingress_.health()->look_again();
    shared().loop.arm(*this, limits::kProxyConnectRetryMs);
  }

  // What is seen after a failure, or a connection that follows one, decides: an enclave that says that it is
  // not ready yet is worth waiting for.
  bool may_go_on() const {
    if (ingress_.health() == nullptr || waited_ms() >= ingress_.options().connect_wait_ms) return true;
    const HealthWatch::Seen seen = ingress_.health()->seen_since(look_);
    return seen == HealthWatch::Seen::kAway || seen == HealthWatch::Seen::kReady;
  }

  std::int64_t waited_ms() const noexcept { return shared().loop.now_ms() - begun_ms_; }

  void on_events(std::uint32_t /*events*/) override { end(); }  // the client has gone
  void on_deadline() override {
    if (!may_go_on()) {
      if (ingress_.health()->seen_since(look_) == HealthWatch::Seen::kUnready)
        enclave_ = {};  // which would not wait for the client's first bytes for as long
      return shared().loop.arm(*this, limits::kProxyConnectRetryMs);
    }
    if (enclave_)
      go(std::move(enclave_));
    else
      attempt();
  }

  void unwatch() noexcept {
    if (watched_) shared().loop.remove(client().get(), *this);
    watched_ = false;
  }

  const Ingress& ingress_;
  os::Connector connector_;
  std::int64_t begun_ms_ = 0;
  std::uint64_t look_ = 0;
  os::UniqueFd enclave_;  // connected, and waiting for what is seen
  bool has_failed_ = false;
  bool watched_ = false;
};

}  // namespace

Result<std::unique_ptr<Ingress>> Ingress::start(Shared& shared, const Options& options, HealthWatch* health) {
  NES_TRY_ASSIGN(os::UniqueFd listener, os::listen_on(options.listen, SOMAXCONN));
  auto ingress = std::unique_ptr<Ingress>(new Ingress(shared, options, health, std::move(listener)));
  NES_TRY(ingress->acceptor_->start());
  return ingress;
}

Ingress::Ingress(Shared& shared, Options options, HealthWatch* health, os::UniqueFd listener)
    : options_(std::move(options)),
      health_(health),
      listener_(std::move(listener)),
      connections_(shared),
      acceptor_(std::make_unique<os::Acceptor>(
          shared.loop, listener_.get(),
          [this](os::UniqueFd client) {
            connections_.adopt(std::make_unique<Inbound>(connections_, std::move(client), *this));
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

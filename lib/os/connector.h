// Connects to an endpoint on an event loop, the handshake of a uds peer included.
//
// Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <string>

#include "os/endpoint.h"
#include "os/event_loop.h"

namespace nes::os {

class Connector final : private EventHandler, private Deadline {
 public:
  // Called once: a connected, non-blocking socket; kTimeout; kIo with errno as position; kMalformed if a uds
  // peer answers anything but OK. May destroy the connector.
  using Done = std::function<void(Result<UniqueFd>)>;

  // The loop must outlive the connector. Destroying it ends the attempt without a call.
  explicit Connector(EventLoop& loop) noexcept : loop_(loop) {}
  ~Connector() override { drop(); }
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Begins an attempt; one at a time. `done` is never called from within start().
  void start(const Endpoint& endpoint, std::int64_t timeout_ms, Done done);
  bool busy() const noexcept { return done_ != nullptr; }

 private:
  enum class Phase : std::uint8_t { kFailed, kConnecting, kAwaitingOk };

  void on_events(std::uint32_t events) override;
  void on_deadline() override;
  Result<bool> read_ok();
  void drop() noexcept;
  void finish(Result<UniqueFd> outcome);

  EventLoop& loop_;
  Endpoint endpoint_;
  UniqueFd fd_;
  Phase phase_ = Phase::kFailed;
  Error failure_{ErrorCode::kTimeout, "the peer did not answer in time"};
  std::string answer_;
  Done done_;
};

}  // namespace nes::os

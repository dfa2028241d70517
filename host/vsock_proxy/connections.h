// What a listener carries: each accepted connection from its beginning to its end, in one place that can be
// drained.
//
// Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "host/vsock_proxy/metrics.h"
#include "host/vsock_proxy/relay.h"
#include "host/vsock_proxy/report.h"
#include "os/event_loop.h"

namespace nes::vsock_proxy {

class Connections;

// What all connections of a program share. References live as long as the program.
struct Shared {
  os::EventLoop& loop;
  Metrics& metrics;
  const Report& report;
  PipePool pipes{};
};

// One accepted connection. Whoever derives from it decides where it leads and then calls carry().
class Connection {
 public:
  Connection(Connections& owner, os::UniqueFd client);
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // kIo if the loop takes no more.
  virtual Result<void> start() = 0;

 protected:
  // Joins the client to `target` until both have ended. May end this connection at once.
  void carry(os::UniqueFd target);
  // Ends it for `cause`: this is destroyed. `where` is what the log says of it.
  void fail(Cause cause, std::string_view where);
  // Ends it as complete: this is destroyed.
  void end();

  Shared& shared() const noexcept;
  os::UniqueFd& client() noexcept { return client_; }
  bool carrying() const noexcept { return relay_ != nullptr; }

 private:
  friend class Connections;

  Connections& owner_;
  os::UniqueFd client_;
  std::unique_ptr<Relay> relay_;
};

class Connections {
 public:
  using Idle = std::function<void()>;

  explicit Connections(Shared& shared) noexcept : shared_(shared) {}
  ~Connections() { cut(); }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Takes a connection in and starts it. False, and it is closed, if there are too many.
  bool adopt(std::unique_ptr<Connection> connection);
  // Calls `idle` once nothing is open any more: at once, or later.
  void when_idle(Idle idle);
  // Resets what is open.
  void cut();
  std::size_t open() const noexcept { return connections_.size(); }
  Shared& shared() noexcept { return shared_; }

 private:
  friend class Connection;
  void forget(Connection& connection);

  Shared& shared_;
  std::unordered_map<const Connection*, std::unique_ptr<Connection>> connections_;
  Idle idle_;
};

// Detects a peer that has vanished without a word (RFC 9293 section 3.8.4). Other families ignore it.
void set_keepalive(int fd) noexcept;

}  // namespace nes::vsock_proxy

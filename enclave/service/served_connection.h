// What the connections of both versions of HTTP have in common: a stream, its place in the event loop, who
// the client is, and what is counted for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "enclave/service/handler.h"
#include "http/request_head.h"
#include "os/event_loop.h"
#include "os/stream.h"
#include "tls/server.h"

namespace nes::service {

class Worker;

class ServedConnection : public os::EventHandler {
 public:
  ~ServedConnection() override;

  // The server drains: the connection ends soon, its requests in flight do not suffer.
  virtual void drain() = 0;

 protected:
  enum class Next : std::uint8_t { kGoOn, kStop };

  ServedConnection(Worker& worker, std::unique_ptr<os::Stream> stream, std::span<const Route> routes);
  // Takes everything over, its place in the loop included; `other` is then only to be destroyed.
  ServedConnection(ServedConnection&& other) noexcept;

  // Registers with the loop.
  Result<void> join_loop();
  void set_interest(std::uint32_t events);
  // What the connection holds counts against MAX_INFLIGHT_BYTES.
  void set_held(std::size_t bytes);
  // Whether holding `bytes` would be too much for the service.
  bool would_overload(std::size_t bytes) const;
  void learn_client();
  RequestInfo describe(const http::RequestHead& head) const;
  // Whether describe() reads fields of this name.
  bool describes(std::string_view name) const noexcept;
  // Count a request, and the answer to one, of a client: the node's probes are not counted.
  void note_request();
  void note_answer(const Response& response);
  // Records the request's span. Before the worker's pipeline takes anything new in.
  void note_span(const RequestInfo& request, const Route* route, std::int64_t begin_us,
                 const Response& response);
  // The sending side ends; what still comes is then to be given to discard_rest().
  void end_sending();
  // May destroy this.
  void discard_rest();
  void close();  // destroys this
  // No request after the one at hand: the server drains, or there are too many connections.
  bool is_ending() const noexcept;

  Worker& worker_;
  std::unique_ptr<os::Stream> stream_;
  std::span<const Route> routes_;
  bool of_client_ = true;  // counted in Status::connections

 private:
  friend class Worker;

  std::vector<tls::ClientName> client_names_;  // of the verified certificate; empty without one
  std::vector<config::San> client_sans_;       // views of them
  std::size_t index_ = 0;                      // in the worker's list
  std::size_t held_ = 0;                       // bytes counted in Status::inflight_bytes
  std::uint32_t interest_ = 0;
  bool in_loop_ = false;
  bool surplus_ = false;
};

}  // namespace nes::service

// One client's connection: bytes in, requests, answers, bytes out (HTTP/1.1, RFC 9112).
//
// A request that arrives whole is read, answered and forgotten in the thread's buffers: a connection holds
// memory of its own only for what is incomplete or cannot be sent yet. While an answer waits to be sent
// nothing is read.
//
// Deadlines: a handshake, a head (from its first byte), a body and an answer (each without progress) and an
// idle connection have their own (limits). Everything that held bytes of a request or an answer is wiped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "enclave/service/handler.h"
#include "http/request_body.h"
#include "http/request_head.h"
#include "os/event_loop.h"
#include "os/stream.h"
#include "secret/secret.h"
#include "tls/server.h"

namespace nes::service {

class Worker;

class Connection final : public os::EventHandler, private os::Deadline {
 public:
  Connection(Worker& worker, std::unique_ptr<os::Stream> stream, std::span<const Route> routes);
  ~Connection() override;

  // Registers with the loop. False if the connection cannot be served; the caller then destroys it.
  bool start();
  // The server drains: an idle connection has a little time for one more request, which is then the last.
  void drain();

 private:
  friend class Worker;

  enum class Phase : std::uint8_t {
    kHandshake,
    kIdle,       // between requests
    kHead,       // a part of a head has arrived
    kBody,       // a head, and a part of its body
    kLingering,  // answered for the last time: what still comes is thrown away, so that the answer is not
  };
  enum class Next : std::uint8_t { kGoOn, kStop };

  void on_events(std::uint32_t events) override;
  void on_deadline() override;

  Next handshake();
  // Reads once and serves what is complete.
  Next read_some();
  // Serves what is complete of input_, without reading.
  Next serve_input();
  // After serve(): sends, waits, or goes on.
  Next settle();
  // Serves the requests in `data`; returns how many bytes at its front are done with. `data` may shrink where
  // a chunked body is compacted: `size` is what is left of it.
  std::size_t serve(std::span<char> data, std::size_t& size);
  // One step of serve(): true if there is more to do.
  bool parse_head(std::span<char> data);
  bool read_body(std::span<char> data, std::size_t& size, std::size_t& next);
  // The body will not be whole, or not yet.
  void await_body(std::span<char> data);
  void answer(std::span<char> data);
  void refuse(ErrorCode code, std::string_view allow);
  // The worker's head, parsed again if it is not that of `data` any more.
  const http::RequestHead& head_of(std::span<char> data);
  RequestInfo describe(const http::RequestHead& head) const;

  // Frames the worker's answer and sends what can be sent.
  void send(const Response& response, bool head_only);
  Next flush();
  void linger();
  void close();
  void enter(Phase phase);
  void set_interest(std::uint32_t events);
  void set_held(std::size_t bytes);

  Worker& worker_;
  std::unique_ptr<os::Stream> stream_;
  std::span<const Route> routes_;
  std::vector<tls::ClientName> client_names_;  // of the verified certificate; empty without one
  std::vector<config::San> client_sans_;       // views of them
  std::size_t index_ = 0;                      // in the worker's list
  bool of_client_ = true;                      // counted in Status::connections

  secret::SecretBytes input_;   // what has arrived and is not served
  secret::SecretBytes output_;  // what is to be sent
  std::size_t output_sent_ = 0;

  std::optional<http::BodyReader> body_reader_;
  std::size_t head_searched_ = 0;
  std::size_t head_size_ = 0;  // of the request that is being read
  std::size_t body_size_ = 0;
  std::size_t held_ = 0;  // bytes counted in Status::inflight_bytes
  std::uint32_t interest_ = 0;
  Phase phase_ = Phase::kHandshake;
  const Route* route_ = nullptr;      // of the request that is being read
  std::optional<ErrorCode> refusal_;  // or why it is refused
  bool head_fresh_ = false;           // the worker's head is this request's, and its views are valid
  bool unserved_ = false;             // input_ may hold whole requests
  bool write_blocked_ = false;
  bool last_ = false;  // the answer in progress ends the connection
};

}  // namespace nes::service

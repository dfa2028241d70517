// One client's connection in HTTP/1.1 (RFC 9112), and in HTTP/2 until its handshake has said so: bytes in,
// requests, answers, bytes out.
//
// A request that arrives whole is read, answered and forgotten in the thread's buffers: a connection holds
// memory of its own only for what is incomplete or cannot be sent yet. While an answer waits to be sent
// nothing is read.
//
// Deadlines: a handshake, a head (from its first byte), a body and an answer (which must keep a rate) and an
// idle connection have their own (limits). A round of the loop reads and serves a bounded amount. Everything
// that held bytes of a request or an answer is wiped.
//
// A batch (NDJSON) is answered while it is read. Its client has to bring lines or to keep the rate, and to
// take what is answered at that rate; while it does not, nothing more is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "enclave/service/batch.h"
#include "enclave/service/handler.h"
#include "enclave/service/pending_output.h"
#include "enclave/service/served_connection.h"
#include "http/request_body.h"
#include "http/request_head.h"
#include "os/event_loop.h"
#include "os/stream.h"
#include "secret/secret.h"

namespace nes::service {

class Connection final : public ServedConnection, private BatchOwner, private os::Deadline {
 public:
  Connection(Worker& worker, std::unique_ptr<os::Stream> stream, std::span<const Route> routes);

  // Registers with the loop. False if the connection cannot be served; the caller then destroys it.
  bool start();
  // The server drains: an idle connection has a little time for one more request, which is then the last.
  void drain() override;

 private:
  enum class Phase : std::uint8_t {
    kHandshake,
    kIdle,       // between requests
    kHead,       // a part of a head has arrived
    kBody,       // a head, and a part of its body
    kBatch,      // a batch is read and answered
    kLingering,  // answered for the last time: what still comes is thrown away, so that the answer is not
  };
  void on_events(std::uint32_t events) override;
  void on_deadline() override;

  void begin_round() noexcept;
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
  // `request` is null if its head is not known.
  void refuse(ErrorCode code, std::string_view allow, const RequestInfo* request = nullptr);
  // The worker's head, parsed again if it is not that of `data` any more.
  const http::RequestHead& head_of(std::span<char> data);

  // --- connection_batch.cc ---
  // BatchOwner
  bool batch_may_hold(std::size_t bytes) override;
  void batch_goes_on() override;
  // For the request whose head has been parsed: false if it is none, or refused.
  bool begin_batch(const RequestInfo& info);
  // Takes what `data` has of the batch's body; returns how much of it is done with.
  std::size_t feed_batch(std::span<char> data);
  // Answers what can be answered, reads what can be read.
  Next serve_batch();
  Next read_batch();
  Next send_batch();
  void send_batch_head();
  Next end_batch();
  Next fail_batch(ErrorCode code);
  void batch_is_slow();

  // Frames the worker's answer and sends what can be sent.
  void send(const Response& response, bool head_only);
  Next flush();
  // The peer does not take what is sent, or is gone: waits or closes.
  Next wait_to_send(os::StreamStatus status);
  // It has taken it.
  void can_send();
  void count_held();
  void end_after_answer();
  void linger();
  void enter(Phase phase);

  secret::SecretBytes input_;  // what has arrived and is not served
  PendingOutput output_;
  std::size_t moved_since_check_ = 0;  // bytes of the body or answer that a deadline watches

  std::optional<http::BodyReader> body_reader_;
  std::size_t head_searched_ = 0;
  std::size_t head_size_ = 0;  // of the request that is being read
  std::int64_t head_us_ = 0;   // when its head was there
  std::size_t body_size_ = 0;
  std::int64_t accepted_us_ = 0;
  int turns_ = 0;        // reads and requests of this round of the loop
  int batch_reads_ = 0;  // its reads of a batch, beside its slices
  Phase phase_ = Phase::kHandshake;
  const Route* route_ = nullptr;      // of the request that is being read
  std::optional<ErrorCode> refusal_;  // or why it is refused
  bool head_fresh_ = false;           // the worker's head is this request's, and its views are valid
  bool unserved_ = false;             // input_ may hold whole requests
  bool write_blocked_ = false;
  bool last_ = false;          // the answer in progress ends the connection
  bool peer_is_done_ = false;  // and its client sends nothing more

  std::unique_ptr<Batch> batch_;          // while phase_ is kBatch
  std::optional<ErrorCode> batch_error_;  // what is wrong with its body
  bool batch_head_sent_ = false;
  bool batch_last_ = false;  // its client wants no other request
};

}  // namespace nes::service

// One client's connection in HTTP/2 (RFC 9113): many requests at a time, over the routes of HTTP/1.1.
//
// A batch is answered while it comes, within its stream's windows; any other request once it is whole. One
// that is refused is answered at once, and what still comes of its body is thrown away. While what is due
// cannot be sent, nothing is read. A round of the loop reads and serves a bounded amount, so that a greedy
// client does not keep the others waiting.
//
// Deadlines: a body and an answer have their own for each stream, and must keep a rate (limits); a header
// list, a connection without a request and one that does not take what is sent have the connection's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "enclave/service/handler.h"
#include "enclave/service/pending_output.h"
#include "enclave/service/served_connection.h"
#include "http/http2_session.h"
#include "os/event_loop.h"
#include "secret/secret.h"

namespace nes::service {

class Http2Connection final : public ServedConnection, private http::Http2Requests, private os::Deadline {
 public:
  // Takes over a connection whose handshake has agreed on `h2`; serves once begin() is called.
  static Result<std::unique_ptr<Http2Connection>> take_over(ServedConnection& connection);
  ~Http2Connection() override;

  // May destroy this.
  void begin();
  void drain() override;

 private:
  class Stream;
  class DrainDeadline;
  enum class Phase : std::uint8_t {
    kServing,    // streams are open: each has its deadlines
    kIdle,       // none is
    kHead,       // a header list has begun
    kBlocked,    // what is due cannot be sent
    kLingering,  // as in HTTP/1.1
  };

  explicit Http2Connection(ServedConnection&& connection);

  void on_events(std::uint32_t events) override;
  void on_deadline() override;

  // http::Http2Requests
  void on_head(http::StreamId id, std::string_view head) override;
  bool on_body(http::StreamId id, std::span<const char> data) override;
  void on_end(http::StreamId id) override;
  void on_closed(http::StreamId id) override;
  Piece next_piece(http::StreamId id, std::size_t max) override;
  void write_piece(http::StreamId id, std::span<char> out) override;
  std::span<const http::Field> trailers(http::StreamId id) override;

  Stream* find(http::StreamId id);
  Stream& open(http::StreamId id);
  // Keeps of a head that was parsed what its answer needs. False, and nothing is kept, if that is too much.
  bool keep_head(Stream& stream, std::string_view text, const http::RequestHead& head);
  void refuse(Stream& stream, ErrorCode code);
  void enqueue(Stream& stream);
  void stream_is_slow(Stream& stream);
  // Returns how many bytes that was work on.
  std::size_t answer(Stream& stream);
  void send(Stream& stream, const Response& response, bool head_only);
  std::size_t holds() const;
  void count_held();

  // --- http2_batch.cc ---
  void begin_batch(Stream& stream, const http::RequestHead& head);
  void feed_batch(Stream& stream, std::span<const char> data);
  // Nothing more has come for now. True if batches have something to do.
  bool pause_batches();
  // Works on a slice, sends what is answered, takes more input. True if it was a slice's work.
  bool tend_batch(Stream& stream);
  void send_batch_head(Stream& stream);
  Piece next_batch_piece(const Stream& stream, std::size_t max) const;
  void write_batch_piece(Stream& stream, std::span<char> out);
  void fail_batch(Stream& stream, ErrorCode code);
  void batch_is_slow(Stream& stream);
  void batch_goes_on(Stream& stream);

  // work(), then sends what is due, as far as the peer takes it.
  Next serve();
  // Answers some of what waits.
  void work();
  Next flush();
  Next read_some();
  // What the connection waits for has changed.
  Next settle();
  void linger();
  void enter(Phase phase);

  std::unique_ptr<http::Http2Session> session_;
  std::unordered_map<http::StreamId, std::unique_ptr<Stream>> streams_;
  std::deque<http::StreamId> ready_;  // to be answered, in this order
  std::unique_ptr<DrainDeadline> drain_deadline_;
  PendingOutput output_;
  std::size_t sent_since_check_ = 0;
  std::size_t stream_bytes_ = 0;  // of all streams, without what batches hold
  std::size_t batches_ = 0;       // streams that are batches
  std::size_t worked_bytes_ = 0;  // of bodies and answers, in this round of the loop
  Phase phase_ = Phase::kIdle;
};

}  // namespace nes::service

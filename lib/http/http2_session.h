// The server's side of one HTTP/2 connection (RFC 9113): frames in, requests out; answers in, frames out.
//
// What a request means is decided in one place: the header list of a request is spelled as an HTTP/1.1 head
// and read by RequestHead::parse, so that its rules hold for both versions. Strict: a malformed request
// (section 8.1.1) is a stream error, frames on a closed stream (section 5.1) and every broken frame a
// connection error.
//
// Bounds (limits): streams, windows, the header list, CONTINUATION frames, and a budget for frames that cost
// work without bringing a request on: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM of either side,
// empty DATA, header lists over their limit. Who spends it, or sends a list without end, is cut off with
// ENHANCE_YOUR_CALM.
//
// Body bytes are never copied into the session, on their way in or out. Header fields are wiped with their
// list, or when they leave the table of the client's compression. Does no I/O. Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request_head.h"

namespace nes::http {

using StreamId = std::int32_t;

// RFC 9113 section 7; those that this program chooses itself.
enum class Http2Error : std::uint8_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kStreamClosed = 5,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// What a session tells its owner, from within receive() and send(). The owner may call the session back, but
// for these two.
class Http2Requests {
 public:
  virtual ~Http2Requests() = default;

  // A request has begun. `head` is an HTTP/1.1 head of it, to be read by RequestHead::parse; it is empty if
  // the header list is over its limits. on_end() follows, after on_body() where there is a body; trailers are
  // checked and dropped.
  virtual void on_head(StreamId stream, std::string_view head) = 0;
  // True: the data is done with. False: it is not, and the stream's client may not send more for it until
  // take_more().
  virtual bool on_body(StreamId stream, std::span<const char> data) = 0;
  virtual void on_end(StreamId stream) = 0;
  // The stream is no more: answered whole, reset, or lost with its connection.
  virtual void on_closed(StreamId stream) = 0;

  // What the answer's body has for the next frame, `max` bytes at most.
  struct Piece {
    enum class Then : std::uint8_t { kMore, kWait, kEnd, kAbort };
    std::size_t size = 0;
    // kWait: nothing now; resume() when there is. kEnd: nothing after these. kAbort: the stream is reset.
    Then then = Then::kMore;
  };
  virtual Piece next_piece(StreamId stream, std::size_t max) = 0;
  // Writes the piece's bytes, out.size() of them.
  virtual void write_piece(StreamId stream, std::span<char> out) = 0;
  // Fields to send after the body that has ended, as Answer::fields; none for none.
  virtual std::span<const Field> trailers(StreamId stream) = 0;
};

class Http2Session {
 public:
  // `requests` must outlive the session. kInternal if nghttp2 refuses.
  static Result<std::unique_ptr<Http2Session>> create(Http2Requests& requests);
  ~Http2Session();

  // Takes what has arrived, all of it. `now_ms` is a monotonic time. An error: the connection is to be closed
  // once send() has nothing more.
  Result<void> receive(std::span<const char> data, std::int64_t now_ms);

  // Fills `out`, of limits::kHttp2WriteBytes or more, with frames that are due; returns how many bytes, 0 if
  // nothing is.
  std::size_t send(std::span<char> out);

  // Nothing more will be read and nothing more is to be sent: the connection is over.
  bool is_over() const noexcept;
  // A header list has begun and is not whole.
  bool in_header_list() const noexcept;
  // Bytes of that list.
  std::size_t held() const noexcept;

  // Answers a request, once. Names are lower-case tokens; views must stay valid during the call only. Without
  // a body next_piece() is not asked. If the request has not ended by the time the answer has, the stream is
  // reset with NO_ERROR (section 8.1).
  struct Answer {
    int status;
    std::span<const Field> fields;
    bool has_body;
  };
  void answer(StreamId stream, const Answer& answer);
  // 100 (Continue).
  void answer_continue(StreamId stream);
  // Lets the client send `bytes` more, for which on_body() has returned false.
  void take_more(StreamId stream, std::size_t bytes);
  // After Piece::kWait.
  void resume(StreamId stream);
  void reset(StreamId stream, Http2Error error);

  // Says that no more streams are welcome, without refusing those that are on their way (section 6.8).
  void announce_end();
  // Refuses further streams; the connection is over when those that were begun have ended.
  void end(Http2Error error);

 private:
  struct State;
  explicit Http2Session(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace nes::http

#include "http/http2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "http/http2_budget.h"
#include "http/http2_given_up.h"
#include "http/http2_head.h"
#include "http/nghttp2.h"

#include <nghttp2/nghttp2.h>

namespace nes::http {
namespace {

constexpr std::size_t kFrameHeadBytes = 9;

// Errors of a stream that only its client can have caused.
bool is_fault_of_client(std::uint32_t error) noexcept {
  return error == NGHTTP2_PROTOCOL_ERROR || error == NGHTTP2_FLOW_CONTROL_ERROR ||
         error == NGHTTP2_FRAME_SIZE_ERROR || error == NGHTTP2_REFUSED_STREAM ||
         error == NGHTTP2_ENHANCE_YOUR_CALM;
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

struct Http2Session::State {
  explicit State(Http2Requests& owner) noexcept : requests(owner) {}

  Http2Requests& requests;
  Nghttp2Ptr<nghttp2_session> session;
  Http2Head head;            // of the header list that is being read
  StreamId head_stream = 0;  // whose; 0 for none
  StreamId last_stream = 0;  // the highest that a client has begun
  Http2GivenUp given_up;
  Http2Budget budget;
  std::int64_t now_ms = 0;
  std::span<const std::uint8_t> pending;  // of nghttp2's buffer: a frame that did not fit
  std::span<char> room;                   // of the buffer that send() fills
  bool room_short = false;                // a DATA frame waits for a larger room
  bool broken = false;

  static State& of(void* user_data) noexcept { return *static_cast<State*>(user_data); }

  bool is_live(StreamId stream) const noexcept {
    return nghttp2_session_get_stream_user_data(session.get(), stream) != nullptr;
  }

  void terminate(Http2Error error) noexcept {
    nghttp2_session_terminate_session(session.get(), static_cast<std::uint32_t>(error));
  }

  int give_up(StreamId stream, Http2Error error) noexcept {
    given_up.add(stream);
    nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, stream, static_cast<std::uint32_t>(error));
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  void spend(std::uint32_t cost) noexcept {
    if (!budget.spend(cost, now_ms)) terminate(Http2Error::kEnhanceYourCalm);
  }

  void end_head() noexcept {
    head_stream = 0;
    head.clear();
  }

  // A header list is whole. False: the stream is given up.
  bool take_head(const nghttp2_headers& frame) {
    const bool is_request = frame.cat == NGHTTP2_HCAT_REQUEST;
    const bool too_large = head.too_large();
    const bool well_formed = !is_request || head.finish();
    if (too_large) spend(Http2Budget::kLargeListCost);
    if (is_request && well_formed) requests.on_head(frame.hd.stream_id, head.text());
    end_head();
    if (!well_formed) give_up(frame.hd.stream_id, Http2Error::kProtocolError);
    if (!is_request && too_large) give_up(frame.hd.stream_id, Http2Error::kEnhanceYourCalm);
    return well_formed && (is_request || !too_large);
  }

  void fill(const std::uint8_t* data, std::size_t size) noexcept {
    std::memcpy(room.data(), data, size);
    room = room.subspan(size);
  }

  // --- nghttp2's callbacks ---

  // RFC 9113 section 5.1: a frame on a stream that both sides have ended is the client's mistake. nghttp2
  // would pass over some of them.
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) {
    State& self = of(user_data);
    const bool opens = frame->type == NGHTTP2_HEADERS;
    if ((opens || frame->type == NGHTTP2_DATA) && frame->stream_id % 2 == 1 &&
        frame->stream_id <= self.last_stream && !self.is_live(frame->stream_id) &&
        !self.given_up.has(frame->stream_id))
      self.terminate(Http2Error::kStreamClosed);
    if (opens) self.last_stream = std::max(self.last_stream, frame->stream_id);
    const bool ends = (frame->flags & NGHTTP2_FLAG_END_STREAM) != 0;
    std::uint32_t cost = 0;
    switch (frame->type) {
      case NGHTTP2_DATA: cost = frame->length == 0 && !ends ? Http2Budget::kIdleFrameCost : 0; break;
      case NGHTTP2_HEADERS:
      case NGHTTP2_CONTINUATION: break;
      case NGHTTP2_RST_STREAM: cost = Http2Budget::kResetCost; break;
      default: cost = Http2Budget::kIdleFrameCost; break;
    }
    self.spend(cost);
    return 0;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    State& self = of(user_data);
    self.head_stream = frame->hd.stream_id;
    self.head.clear();
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, &self);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t /*flags*/, void* user_data) {
    State& self = of(user_data);
    if (!self.head.add(text_of(name, name_size), text_of(value, value_size)))
      return self.give_up(frame->hd.stream_id, Http2Error::kProtocolError);
    // Ends the decoding at once: what is left of the block could stand for many times its size.
    return self.head.is_endless() ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void* user_data) {
    return of(user_data).give_up(frame->hd.stream_id, Http2Error::kProtocolError);
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    State& self = of(user_data);
    const StreamId stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_HEADERS && !self.take_head(frame->headers)) return 0;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self.requests.on_end(stream);
    return 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int /*error*/, void* user_data) {
    State& self = of(user_data);
    if (frame->hd.type == NGHTTP2_HEADERS) {
      self.end_head();
      self.given_up.add(frame->hd.stream_id);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t size, void* user_data) {
    const bool done = of(user_data).requests.on_body(stream, {reinterpret_cast<const char*>(data), size});
    // The connection's window is opened again in any case: one stream must not stop the others.
    return done ? nghttp2_session_consume(session, stream, size)
                : nghttp2_session_consume_connection(session, size);
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t stream, std::uint32_t, void* user_data) {
    State& self = of(user_data);
    if (self.head_stream == stream) self.end_head();
    nghttp2_session_set_stream_user_data(session, stream, nullptr);
    self.requests.on_closed(stream);
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    State& self = of(user_data);
    const StreamId stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      self.given_up.add(stream);
      if (is_fault_of_client(frame->rst_stream.error_code)) self.spend(Http2Budget::kResetCost);
    }
    if (frame->hd.type == NGHTTP2_DATA) self.budget.earn_by_data(frame->hd.length);
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!carries || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    self.budget.earn_by_answer();
    if (nghttp2_session_get_stream_remote_close(session, stream) == 0)
      self.give_up(stream, Http2Error::kNoError);
    return 0;
  }

  static ssize_t read_piece(nghttp2_session* session, std::int32_t stream, std::uint8_t*, std::size_t max,
                            std::uint32_t* flags, nghttp2_data_source*, void* user_data) {
    State& self = of(user_data);
    const Http2Requests::Piece piece = self.requests.next_piece(stream, max);
    switch (piece.then) {
      case Http2Requests::Piece::Then::kMore: break;
      case Http2Requests::Piece::Then::kWait:
        if (piece.size == 0) return NGHTTP2_ERR_DEFERRED;
        break;
      case Http2Requests::Piece::Then::kAbort: return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      case Http2Requests::Piece::Then::kEnd: {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        const std::span<const Field> trailers = self.requests.trailers(stream);
        if (trailers.empty()) break;
        std::array<nghttp2_nv, limits::kHttpTrailers> pairs{};
        NES_CHECK(trailers.size() <= pairs.size());
        for (std::size_t i = 0; i < trailers.size(); ++i)
          pairs[i] = nghttp2_field<nghttp2_nv>(trailers[i].name, trailers[i].value);
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, stream, pairs.data(), trailers.size()) != 0)
          return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        break;
      }
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(piece.size);
  }

  static int send_piece(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head,
                        std::size_t size, nghttp2_data_source*, void* user_data) {
    State& self = of(user_data);
    if (self.room.size() < kFrameHeadBytes + size) {
      self.room_short = true;
      return NGHTTP2_ERR_WOULDBLOCK;
    }
    self.fill(frame_head, kFrameHeadBytes);
    if (size != 0) self.requests.write_piece(frame->hd.stream_id, self.room.first(size));
    self.room = self.room.subspan(size);
    return 0;
  }
};

Http2Session::Http2Session(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

// Streams that are left do not report: their owner is going away too.
Http2Session::~Http2Session() = default;

Result<std::unique_ptr<Http2Session>> Http2Session::create(Http2Requests& requests) {
  constexpr Error kRefused{ErrorCode::kInternal, "nghttp2 refuses a session"};
  auto state = std::make_unique<State>(requests);
  const auto callbacks = make_nghttp2_callbacks();
  const auto option = make_nghttp2_option();
  if (!callbacks || !option) return kRefused;
  nghttp2_session_callbacks* const set = callbacks.get();
  nghttp2_session_callbacks_set_on_begin_frame_callback(set, State::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(set, State::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(set, State::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(set, State::on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(set, State::on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(set, State::on_invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, State::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(set, State::on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(set, State::on_frame_sent);
  nghttp2_session_callbacks_set_send_data_callback(set, State::send_piece);

  nghttp2_option_set_no_auto_window_update(option.get(), 1);
  nghttp2_option_set_max_outbound_ack(option.get(), limits::kHttp2QueuedAcks);

  state->session = make_nghttp2_server(*callbacks, *option, state.get());
  nghttp2_session* const session = state->session.get();
  if (session == nullptr) return kRefused;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits::kHttp2Streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits::kHttp2StreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits::kHttpHeadBytes},
  };
  if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                            limits::kHttp2ConnectionWindowBytes) != 0)
    return kRefused;
  return std::unique_ptr<Http2Session>(new Http2Session(std::move(state)));
}

Result<void> Http2Session::receive(std::span<const char> data, std::int64_t now_ms) {
  state_->now_ms = now_ms;
  const ssize_t taken = nghttp2_session_mem_recv(
      state_->session.get(), reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  if (taken == static_cast<ssize_t>(data.size())) return {};
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) state_->terminate(Http2Error::kProtocolError);
  if (state_->head.is_endless()) state_->terminate(Http2Error::kEnhanceYourCalm);
  state_->broken = true;
  return Error{ErrorCode::kMalformedRequest, "the connection does not speak HTTP/2"};
}

std::size_t Http2Session::send(std::span<char> out) {
  NES_CHECK(out.size() >= limits::kHttp2WriteBytes);
  State& state = *state_;
  state.room = out;
  state.room_short = false;
  for (;;) {
    const std::size_t size = std::min(state.pending.size(), state.room.size());
    if (size != 0) state.fill(state.pending.data(), size);
    state.pending = state.pending.subspan(size);
    if (!state.pending.empty() || state.room_short) break;
    const std::uint8_t* frame = nullptr;
    const ssize_t got = nghttp2_session_mem_send(state.session.get(), &frame);
    if (got < 0) state.broken = true;
    if (got <= 0) break;
    state.pending = {frame, static_cast<std::size_t>(got)};
  }
  return out.size() - state.room.size();
}

bool Http2Session::is_over() const noexcept {
  return state_->broken || (nghttp2_session_want_read(state_->session.get()) == 0 &&
                            nghttp2_session_want_write(state_->session.get()) == 0);
}

bool Http2Session::in_header_list() const noexcept { return state_->head_stream != 0; }

std::size_t Http2Session::held() const noexcept { return state_->head.held(); }

void Http2Session::answer(StreamId stream, const Answer& answer) {
  std::array<nghttp2_nv, limits::kHttpHeaders> pairs{};
  NES_CHECK(answer.status >= 200 && answer.status <= 599 && answer.fields.size() < pairs.size());
  char digits[3];
  std::to_chars(digits, digits + sizeof digits, answer.status);
  std::size_t count = 0;
  pairs[count++] = nghttp2_field<nghttp2_nv>(":status", {digits, sizeof digits});
  for (const Field& field : answer.fields)
    pairs[count++] = nghttp2_field<nghttp2_nv>(field.name, field.value);
  nghttp2_data_provider body{};
  body.read_callback = State::read_piece;
  if (nghttp2_submit_response(state_->session.get(), stream, pairs.data(), count,
                              answer.has_body ? &body : nullptr) != 0)
    reset(stream, Http2Error::kInternalError);
}

void Http2Session::answer_continue(StreamId stream) {
  const nghttp2_nv status = nghttp2_field<nghttp2_nv>(":status", "100");
  nghttp2_submit_headers(state_->session.get(), NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1, nullptr);
}

// Fails where the stream is gone.
void Http2Session::take_more(StreamId stream, std::size_t bytes) {
  nghttp2_session_consume_stream(state_->session.get(), stream, bytes);
}

// Fails where the stream is gone, or does not wait.
void Http2Session::resume(StreamId stream) { nghttp2_session_resume_data(state_->session.get(), stream); }

void Http2Session::reset(StreamId stream, Http2Error error) { state_->give_up(stream, error); }

void Http2Session::announce_end() { nghttp2_submit_shutdown_notice(state_->session.get()); }

void Http2Session::end(Http2Error error) {
  if (error != Http2Error::kNoError) return state_->terminate(error);
  nghttp2_submit_goaway(state_->session.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(state_->session.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace nes::http

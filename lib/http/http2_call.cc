#include "http/http2_call.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "http/nghttp2.h"

#include <nghttp2/nghttp2.h>

namespace nes::http {

struct Http2Call::State {
  std::string body_to_send;
  std::size_t sent = 0;
  std::size_t max_body_bytes = 0;
  Nghttp2Ptr<nghttp2_session> session;
  std::int32_t stream = 0;

  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t fields_bytes = 0;
  std::string body;
  bool over_limit = false;
  bool done = false;
  std::optional<std::uint32_t> reset;

  std::string due;

  // Takes over the frames that are due: the session is over only once the last of them has left it.
  void collect() {
    for (;;) {
      const std::uint8_t* frame = nullptr;
      const ssize_t got = nghttp2_session_mem_send(session.get(), &frame);
      if (got <= 0) return;  // a failure shows in receive()
      due.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(got));
    }
  }

  static State& of(void* user_data) noexcept { return *static_cast<State*>(user_data); }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user_data) {
    State& self = of(user_data);
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    self.fields_bytes += name_size + value_size;
    if (self.fields_bytes > limits::kHttpHeadBytes || self.fields.size() >= limits::kHttpHeaders) {
      self.over_limit = true;
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (key == ":status") {  // three digits: nghttp2 has checked
      self.status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
      self.fields.clear();  // of an interim answer
    } else {
      self.fields.emplace_back(key, text);
    }
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
                     void* user_data) {
    State& self = of(user_data);
    if (self.body.size() + size > self.max_body_bytes) {
      self.over_limit = true;
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    self.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    State& self = of(user_data);
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && frame->hd.stream_id == self.stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self.done = true;
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t error, void* user_data) {
    of(user_data).reset = error;
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* user_data) {
    State& self = of(user_data);
    const std::size_t now = std::min(size, self.body_to_send.size() - self.sent);
    std::copy_n(self.body_to_send.data() + self.sent, now, out);
    self.sent += now;
    if (self.sent == self.body_to_send.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }
};

Http2Call::Http2Call(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Http2Call::~Http2Call() = default;

Result<std::unique_ptr<Http2Call>> Http2Call::create(Request request, std::size_t max_body_bytes) {
  constexpr Error kRefused{ErrorCode::kInternal, "nghttp2 refuses a session"};
  auto state = std::make_unique<State>();
  state->body_to_send = std::move(request.body);
  state->max_body_bytes = max_body_bytes;
  const auto callbacks = make_nghttp2_callbacks();
  if (!callbacks) return kRefused;
  nghttp2_session_callbacks* const set = callbacks.get();
  nghttp2_session_callbacks_set_on_header_callback(set, State::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, State::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(set, State::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(set, State::on_close);
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new(&session, set, state.get()) != 0) return kRefused;
  state->session.reset(session);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits::kHttpHeadBytes}};
  if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0)
    return kRefused;
  std::vector<nghttp2_nv> pairs = {nghttp2_field<nghttp2_nv>(":method", "POST"),
                                   nghttp2_field<nghttp2_nv>(":scheme", request.scheme),
                                   nghttp2_field<nghttp2_nv>(":authority", request.authority),
                                   nghttp2_field<nghttp2_nv>(":path", request.path)};
  for (const Field& field : request.fields)
    pairs.push_back(nghttp2_field<nghttp2_nv>(field.name, field.value));
  nghttp2_data_provider body{};
  body.read_callback = State::read_body;
  state->stream = nghttp2_submit_request(session, nullptr, pairs.data(), pairs.size(), &body, nullptr);
  if (state->stream < 0) return kRefused;
  return std::unique_ptr<Http2Call>(new Http2Call(std::move(state)));
}

void Http2Call::send(std::string& out) {
  state_->collect();
  out += std::exchange(state_->due, {});
}

Result<void> Http2Call::receive(std::span<const char> data) {
  State& state = *state_;
  const ssize_t taken = nghttp2_session_mem_recv(
      state.session.get(), reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  if (state.over_limit) return Error{ErrorCode::kLimit, "the answer is too large"};
  if (taken != static_cast<ssize_t>(data.size()))
    return Error{ErrorCode::kMalformed, "the server does not speak HTTP/2"};
  if (state.done) return {};
  state.collect();
  if (state.reset) return Error{ErrorCode::kIo, "the server has reset the stream", *state.reset};
  if (nghttp2_session_want_read(state.session.get()) == 0)
    return Error{ErrorCode::kIo, "the server does not go on in HTTP/2"};
  return {};
}

bool Http2Call::done() const noexcept { return state_->done; }
int Http2Call::status() const noexcept { return state_->status; }
const std::string& Http2Call::body() const noexcept { return state_->body; }

std::string_view Http2Call::field(std::string_view name) const noexcept {
  for (const auto& [key, value] : state_->fields)
    if (key == name) return value;
  return {};
}

}  // namespace nes::http

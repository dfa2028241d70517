#include "enclave/service/http2_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"

namespace nes::service {

using http::Http2Error;
using http::StreamId;
using os::StreamStatus;
using telemetry::Counter;

namespace {

// A refused request is answered after a body up to this size: clients that see a stream reset while they send
// often lose the answer. What comes meanwhile is dropped.
constexpr std::size_t kRefusedBodyBytes = std::size_t{64} * 1024;

std::span<const char> as_chars(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Header fields of an answer as HTTP/2 has them, in one buffer: names in lower case (RFC 9113 section 8.2).
class FieldList {
 public:
  void field(std::string_view name, std::string_view value) {
    NES_CHECK(count_ < fields_.size() && size_ + name.size() + value.size() <= text_.size());
    char* const begin = text_.data() + size_;
    std::transform(name.begin(), name.end(), begin,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::copy(value.begin(), value.end(), begin + name.size());
    size_ += name.size() + value.size();
    fields_[count_++] = {.name = {begin, name.size()}, .value = {begin + name.size(), value.size()}};
  }
  void field(std::string_view name, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    field(name, std::string_view(digits.data(), written.ptr));
  }
  std::span<const http::Field> view() const noexcept { return std::span(fields_).first(count_); }

 private:
  std::array<char, limits::kResponseHeadBytes> text_;
  std::array<http::Field, 16> fields_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

class Http2Connection::Stream final : public os::Deadline {
 public:
  Stream(Http2Connection& connection, StreamId stream_id, std::string_view head_text)
      : id(stream_id), head(head_text), connection_(connection) {}

  void on_deadline() override { connection_.stream_is_slow(*this); }
  std::size_t held() const noexcept { return body.size() + answer.size(); }

  const StreamId id;
  std::string head;  // empty: over its limits
  secret::SecretBytes body;
  secret::SecretBytes answer;
  std::size_t answer_sent = 0;
  std::size_t moved_since_check = 0;  // bytes of body or answer
  const Route* route = nullptr;       // of an admitted request
  std::optional<ErrorCode> refusal;   // or why it is refused
  bool has_small_body = false;        // that is waited for although it is refused
  bool queued = false;                // in ready_, or answered

 private:
  Http2Connection& connection_;
};

class Http2Connection::DrainDeadline final : public os::Deadline {
 public:
  explicit DrainDeadline(Http2Connection& connection) noexcept : connection_(connection) {}
  void on_deadline() override {
    connection_.session_->end(Http2Error::kNoError);
    connection_.serve();
  }

 private:
  Http2Connection& connection_;
};

Http2Connection::Http2Connection(ServedConnection&& connection) : ServedConnection(std::move(connection)) {}

Http2Connection::~Http2Connection() = default;

Result<std::unique_ptr<Http2Connection>> Http2Connection::take_over(ServedConnection& connection) {
  std::unique_ptr<Http2Connection> http2(new Http2Connection(std::move(connection)));
  NES_TRY_ASSIGN(http2->session_, http::Http2Session::create(*http2));
  return http2;
}

void Http2Connection::begin() {
  enter(Phase::kIdle);
  if (worker_.draining()) return drain();
  on_events(0);
}

void Http2Connection::drain() {
  if (phase_ == Phase::kLingering || drain_deadline_ != nullptr) return;
  session_->announce_end();
  drain_deadline_ = std::make_unique<DrainDeadline>(*this);
  worker_.loop().arm(*drain_deadline_, limits::kDrainIdleTimeoutMs);
  on_events(0);
}

void Http2Connection::enter(Phase phase) {
  phase_ = phase;
  switch (phase) {
    case Phase::kServing: disarm(); break;
    case Phase::kIdle: worker_.loop().arm(*this, limits::kIdleTimeoutMs); break;
    case Phase::kHead: worker_.loop().arm(*this, limits::kHeaderTimeoutMs); break;
    case Phase::kBlocked:
      sent_since_check_ = 0;
      worker_.loop().arm(*this, limits::kWriteTimeoutMs);
      break;
    case Phase::kLingering: worker_.loop().arm(*this, limits::kLingerTimeoutMs); break;
  }
}

void Http2Connection::on_deadline() {
  switch (phase_) {
    case Phase::kServing: return;
    case Phase::kLingering: return close();
    case Phase::kBlocked:
      if (sent_since_check_ < limits::kMinBytesPerCheck) break;
      sent_since_check_ = 0;
      return worker_.loop().arm(*this, limits::kRateCheckMs);
    case Phase::kIdle:
      session_->end(Http2Error::kNoError);
      if (serve() == Next::kGoOn) linger();
      return;
    case Phase::kHead:
      worker_.counters().add(Counter::kTimeouts);
      session_->end(Http2Error::kEnhanceYourCalm);
      if (serve() == Next::kGoOn) linger();
      return;
  }
  worker_.counters().add(Counter::kTimeouts);
  close();
}

void Http2Connection::linger() {
  // Those streams are lost; what they hold is not needed any more.
  streams_.clear();
  ready_.clear();
  stream_bytes_ = 0;
  drain_deadline_.reset();
  end_sending();
  enter(Phase::kLingering);
}

void Http2Connection::on_events(std::uint32_t /*events*/) {
  if (phase_ == Phase::kLingering) return discard_rest();
  for (int i = 0; i < limits::kHttp2ReadsPerRound; ++i) {
    if (serve() == Next::kStop || read_some() == Next::kStop) return;
  }
  // What OpenSSL holds raises no event: being writable does.
  if (serve() == Next::kGoOn) set_interest(EPOLLIN | EPOLLOUT);
}

Http2Connection::Next Http2Connection::read_some() {
  const std::span<char> room = worker_.read_buffer();
  const os::StreamResult got = stream_->read(room);
  switch (got.status) {
    case StreamStatus::kOk: break;
    case StreamStatus::kWantRead: set_interest(EPOLLIN); return Next::kStop;
    case StreamStatus::kWantWrite: set_interest(EPOLLOUT); return Next::kStop;
    case StreamStatus::kClosed:
    case StreamStatus::kFailed: close(); return Next::kStop;
  }
  const auto taken = session_->receive(room.first(got.bytes), worker_.loop().now_ms());
  secret::wipe(room.data(), got.bytes);
  count_held();
  if (!taken.ok()) {
    if (serve() == Next::kGoOn) linger();
    return Next::kStop;
  }
  return Next::kGoOn;
}

Http2Connection::Next Http2Connection::serve() {
  if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
  for (int i = 0; i < limits::kHttp2RequestsPerRound && !ready_.empty(); ++i) {
    const StreamId id = ready_.front();
    ready_.pop_front();
    if (Stream* stream = find(id); stream != nullptr) answer(*stream);
  }
  const std::span<char> room = worker_.http2_buffer();
  for (int i = 0; i < limits::kHttp2WritesPerRound; ++i) {
    const std::size_t size = session_->send(room);
    if (size == 0) return settle();
    std::span<const char> left = room.first(size);
    while (!left.empty()) {
      const os::StreamResult sent = stream_->write(left);
      left = left.subspan(sent.bytes);
      if (sent.status != StreamStatus::kOk) break;  // flush() finds out whether to wait or to give up
    }
    output_.append(as_bytes(std::string_view(left.data(), left.size())));
    secret::wipe(room.data(), size);
    if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
  }
  settle();
  set_interest(EPOLLIN | EPOLLOUT);
  return Next::kStop;
}

Http2Connection::Next Http2Connection::settle() {
  count_held();
  if (session_->is_over()) {
    linger();
    return Next::kStop;
  }
  const Phase phase = session_->in_header_list() ? Phase::kHead
                      : streams_.empty()         ? Phase::kIdle
                                                 : Phase::kServing;
  if (phase != phase_) enter(phase);
  if (ready_.empty()) return Next::kGoOn;
  set_interest(EPOLLIN | EPOLLOUT);
  return Next::kStop;
}

Http2Connection::Next Http2Connection::flush() {
  while (output_sent_ < output_.size()) {
    const os::StreamResult sent = stream_->write(as_chars(output_.reveal()).subspan(output_sent_));
    output_sent_ += sent.bytes;
    sent_since_check_ += sent.bytes;
    if (sent.status == StreamStatus::kOk) continue;
    if (sent.status != StreamStatus::kWantWrite && sent.status != StreamStatus::kWantRead) {
      close();
      return Next::kStop;
    }
    set_interest(sent.status == StreamStatus::kWantWrite ? EPOLLOUT : EPOLLIN);
    if (phase_ != Phase::kBlocked) enter(Phase::kBlocked);
    count_held();
    return Next::kStop;
  }
  output_ = {};
  output_sent_ = 0;
  return Next::kGoOn;
}

void Http2Connection::count_held() { set_held(stream_bytes_ + output_.size()); }

Http2Connection::Stream* Http2Connection::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Connection::enqueue(Stream& stream) {
  if (std::exchange(stream.queued, true)) return;
  ready_.push_back(stream.id);
}

void Http2Connection::refuse(Stream& stream, ErrorCode code) {
  stream.refusal = code;
  stream_bytes_ -= stream.held();
  stream.body = {};
  if (!stream.has_small_body) enqueue(stream);
}

void Http2Connection::on_head(StreamId id, std::string_view head_text) {
  auto owned = std::make_unique<Stream>(*this, id, head_text);
  Stream& stream = *owned;
  streams_[id] = std::move(owned);
  worker_.loop().arm(stream, limits::kBodyTimeoutMs);
  if (phase_ == Phase::kIdle) enter(Phase::kServing);
  if (head_text.empty()) return refuse(stream, ErrorCode::kHeadersTooLarge);
  http::RequestHead& head = worker_.head();
  const auto parsed = http::RequestHead::parse(stream.head, head);
  if (!parsed.ok() || *parsed != stream.head.size()) {
    const ErrorCode code = parsed.ok() ? ErrorCode::kMalformedRequest : parsed.error().code;
    stream.head.clear();
    return refuse(stream, code);
  }
  const auto expect = head.find_single("Expect");
  const bool waits_for_100 = expect.ok() && expect->has_value();
  stream.has_small_body =
      !waits_for_100 && head.content_length > 0 && head.content_length <= kRefusedBodyBytes;
  const auto route = worker_.handler().admit(routes_, describe(head));
  if (!route.ok()) return refuse(stream, route.error().code);
  stream.route = *route;
  if (head.content_length > worker_.state().settings.max_body_bytes)
    return refuse(stream, ErrorCode::kBodyTooLarge);
  // expect_continue needs a body announced in HTTP/1.1's way; here it is the stream that goes on.
  if (waits_for_100) session_->answer_continue(id);
}

void Http2Connection::on_body(StreamId id, std::span<const char> data) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->queued || stream->refusal) return;  // it has its answer
  stream->moved_since_check += data.size();
  if (stream->body.size() + data.size() > worker_.state().settings.max_body_bytes)
    return refuse(*stream, ErrorCode::kBodyTooLarge);
  if (would_overload(stream_bytes_ + output_.size() + data.size()))
    return refuse(*stream, ErrorCode::kOverloaded);
  stream->body.append(as_bytes(std::string_view(data.data(), data.size())));
  stream_bytes_ += data.size();
}

void Http2Connection::on_end(StreamId id) {
  if (Stream* stream = find(id); stream != nullptr) enqueue(*stream);
}

void Http2Connection::on_closed(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  stream_bytes_ -= found->second->held();
  streams_.erase(found);
}

// The deadline of a body, or of an answer, whose peer is slow or has stopped.
void Http2Connection::stream_is_slow(Stream& stream) {
  if (std::exchange(stream.moved_since_check, 0) >= limits::kMinBytesPerCheck)
    return worker_.loop().arm(stream, limits::kRateCheckMs);
  worker_.counters().add(Counter::kTimeouts);
  stream.has_small_body = false;  // and if it has, it does not send it
  if (stream.queued)
    session_->reset(stream.id, Http2Error::kCancel);
  else
    refuse(stream, ErrorCode::kTimeout);
  if (serve() == Next::kGoOn) set_interest(EPOLLIN);
}

void Http2Connection::answer(Stream& stream) {
  worker_.counters().add(Counter::kRequests);
  Response response;
  bool head_only = false;
  secret::SecretBytes out;
  if (stream.head.empty()) {
    response = worker_.handler().fail(stream.refusal.value_or(ErrorCode::kMalformedRequest), {}, {}, out);
  } else {
    http::RequestHead& head = worker_.head();
    NES_CHECK(http::RequestHead::parse(stream.head, head).ok());  // as it was when it came
    const RequestInfo info = describe(head);
    head_only = head.method == http::Method::kHead;
    if (!stream.refusal) {
      const std::span<const char> body = as_chars(stream.body.reveal());
      response = worker_.handler().handle(*stream.route, info, {body.data(), body.size()}, out);
    } else {
      worker_.handler().audit_refusal(routes_, info, *stream.refusal);
      response = worker_.handler().fail(*stream.refusal, {}, allowed_methods(routes_, info.path), out);
    }
  }
  stream_bytes_ -= stream.held();
  stream.body = {};
  stream.answer = std::move(out);
  stream_bytes_ += stream.held();
  send(stream, response, head_only);
}

void Http2Connection::send(Stream& stream, const Response& response, bool head_only) {
  if (response.status >= 400) worker_.counters().add(Counter::kRequestsFailed);
  FieldList fields;
  write_fields(response, worker_.date(), stream.answer.size(), fields);
  stream.moved_since_check = 0;
  worker_.loop().arm(stream, limits::kWriteTimeoutMs);
  session_->answer(
      stream.id,
      {.status = response.status, .fields = fields.view(), .has_body = !head_only && !stream.answer.empty()});
}

http::Http2Requests::Piece Http2Connection::next_piece(StreamId id, std::size_t max) {
  const Stream* stream = find(id);
  if (stream == nullptr) return {.size = 0, .then = Piece::Then::kAbort};
  const std::size_t left = stream->answer.size() - stream->answer_sent;
  return {.size = std::min(max, left), .then = left <= max ? Piece::Then::kEnd : Piece::Then::kMore};
}

void Http2Connection::write_piece(StreamId id, std::span<char> out) {
  Stream* stream = find(id);
  NES_CHECK(stream != nullptr && out.size() <= stream->answer.size() - stream->answer_sent);
  std::memcpy(out.data(), stream->answer.reveal().data() + stream->answer_sent, out.size());
  stream->answer_sent += out.size();
  stream->moved_since_check += out.size();
}

std::span<const http::Field> Http2Connection::trailers(StreamId /*id*/) { return {}; }

}  // namespace nes::service

#include "enclave/service/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"
#include "http/response.h"

namespace nes::service {

using os::StreamStatus;
using telemetry::Counter;

namespace {

std::span<char> as_chars(ByteSpan bytes) noexcept {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}
std::span<const char> as_chars(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::string_view as_text(std::span<const char> chars) noexcept { return {chars.data(), chars.size()}; }

}  // namespace

Connection::Connection(Worker& worker, std::unique_ptr<os::Stream> stream, std::span<const Route> routes)
    : ServedConnection(worker, std::move(stream), routes) {}

bool Connection::start() {
  if (!join_loop().ok()) return false;
  enter(Phase::kHandshake);
  return true;
}

void Connection::drain() {
  if (phase_ == Phase::kIdle) enter(Phase::kIdle);  // with the shorter deadline
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  std::int64_t timeout_ms = 0;
  switch (phase) {
    case Phase::kHandshake: timeout_ms = limits::kHandshakeTimeoutMs; break;
    case Phase::kIdle:
      timeout_ms = worker_.draining() ? limits::kDrainIdleTimeoutMs : limits::kIdleTimeoutMs;
      break;
    case Phase::kHead: timeout_ms = limits::kHeaderTimeoutMs; break;
    case Phase::kBody: timeout_ms = limits::kBodyTimeoutMs; break;
    case Phase::kLingering: timeout_ms = limits::kLingerTimeoutMs; break;
  }
  worker_.loop().arm(*this, timeout_ms);
}

void Connection::linger() {
  input_ = {};
  end_sending();
  enter(Phase::kLingering);
}

void Connection::on_deadline() {
  const bool has_rate = phase_ == Phase::kBody || !output_.empty();
  if (has_rate && std::exchange(moved_since_check_, 0) >= limits::kMinBytesPerCheck)
    return worker_.loop().arm(*this, limits::kRateCheckMs);
  const bool waits_for_peer = output_.empty() && (phase_ == Phase::kHead || phase_ == Phase::kBody);
  if (phase_ != Phase::kIdle && phase_ != Phase::kLingering) worker_.counters().add(Counter::kTimeouts);
  if (!waits_for_peer) {
    if (phase_ == Phase::kIdle && output_.empty()) stream_->end();
    return close();
  }
  refuse(ErrorCode::kTimeout, {});
  flush();
}

void Connection::on_events(std::uint32_t /*events*/) {
  if (phase_ == Phase::kLingering) return discard_rest();
  if (phase_ == Phase::kHandshake && handshake() == Next::kStop) return;
  if (!output_.empty() && flush() == Next::kStop) return;
  turns_ = 0;
  if (unserved_ && serve_input() == Next::kStop) return;
  for (; turns_ < limits::kReadsPerRound; ++turns_)
    if (read_some() == Next::kStop) return;
  // One client must not keep the others waiting. What OpenSSL holds raises no event: being writable does.
  set_interest(EPOLLIN | EPOLLOUT);
}

Connection::Next Connection::handshake() {
  switch (stream_->handshake()) {
    case StreamStatus::kOk: break;
    case StreamStatus::kWantRead: set_interest(EPOLLIN); return Next::kStop;
    case StreamStatus::kWantWrite: set_interest(EPOLLOUT); return Next::kStop;
    case StreamStatus::kClosed:
    case StreamStatus::kFailed:
      worker_.counters().add(Counter::kHandshakesFailed);
      close();
      return Next::kStop;
  }
  const tls::SessionInfo session = tls::session_info(*stream_);
  if (session.resumed) worker_.counters().add(Counter::kHandshakesResumed);
  learn_client();
  if (session.protocol == "h2") {
    worker_.continue_as_http2(*this);  // destroys this
    return Next::kStop;
  }
  set_interest(EPOLLIN);
  enter(Phase::kIdle);
  return Next::kGoOn;
}

Connection::Next Connection::read_some() {
  const bool own_buffer = !input_.empty();
  const std::size_t size_before = input_.size();
  const std::span<char> room =
      own_buffer ? as_chars(input_.grow_uninitialized(limits::kReadBufferBytes)) : worker_.read_buffer();
  const os::StreamResult got = stream_->read(room);
  if (own_buffer) input_.drop_unwritten(room.size() - got.bytes);
  switch (got.status) {
    case StreamStatus::kOk: break;
    case StreamStatus::kWantRead: set_interest(EPOLLIN); return Next::kStop;
    case StreamStatus::kWantWrite: set_interest(EPOLLOUT); return Next::kStop;
    case StreamStatus::kClosed:
    case StreamStatus::kFailed: close(); return Next::kStop;
  }
  NES_CHECK(input_.size() == size_before + (own_buffer ? got.bytes : 0));
  moved_since_check_ += got.bytes;
  if (own_buffer) return serve_input();

  // The common case: a request that arrives whole is served from the thread's buffer.
  const std::span<char> data = room.first(got.bytes);
  std::size_t size = data.size();
  const std::size_t done = serve(data, size);
  if (done < size) input_.append(as_bytes(as_text(data.subspan(done, size - done))));
  secret::wipe(data.data(), data.size());
  return settle();
}

Connection::Next Connection::serve_input() {
  std::size_t size = input_.size();
  const std::size_t done = serve(as_chars(input_.reveal_mutable()), size);
  input_.resize(size);
  input_.erase_front(done);
  if (input_.empty()) input_ = {};  // an idle connection holds no buffer
  return settle();
}

Connection::Next Connection::settle() {
  set_held(input_.size() + output_.size());
  unserved_ = !output_.empty() && !input_.empty();
  if (!output_.empty()) {
    if (flush() == Next::kStop) return Next::kStop;
    if (unserved_) return serve_input();
  }
  if (last_) {
    linger();
    return Next::kStop;
  }
  if (stream_->has_buffered()) return Next::kGoOn;
  set_interest(EPOLLIN);
  return Next::kStop;
}

std::size_t Connection::serve(std::span<char> data, std::size_t& size) {
  head_fresh_ = false;
  std::size_t at = 0;
  while (at < size && output_.empty() && !last_) {
    const std::span<char> rest = data.subspan(at, size - at);
    if (!body_reader_ && !parse_head(rest)) break;
    std::size_t rest_size = rest.size();
    std::size_t next = 0;
    if (!read_body(rest, rest_size, next)) {
      size = at + rest_size;
      break;
    }
    at += next;
  }
  if (last_) return size;  // nothing that follows will be served
  if (at == size && phase_ != Phase::kIdle) enter(Phase::kIdle);
  return at;
}

const http::RequestHead& Connection::head_of(std::span<char> data) {
  http::RequestHead& head = worker_.head();
  if (head_fresh_) return head;
  const auto parsed = http::RequestHead::parse(as_text(data), head);
  NES_CHECK(parsed.ok() && *parsed == head_size_);
  head_fresh_ = true;
  return head;
}

// Until there is a whole head: false. A head that is wrong is answered at once and ends the connection.
bool Connection::parse_head(std::span<char> data) {
  if (phase_ == Phase::kIdle) enter(Phase::kHead);
  http::RequestHead& head = worker_.head();
  const auto parsed = http::RequestHead::parse(as_text(data), head, head_searched_);
  if (!parsed.ok()) {
    refuse(parsed.error().code, {});
    return false;
  }
  if (*parsed == 0) return false;
  head_searched_ = 0;
  head_size_ = *parsed;
  body_size_ = 0;
  head_fresh_ = true;
  const auto route = worker_.handler().admit(routes_, describe(head));
  route_ = route.ok() ? *route : nullptr;
  refusal_ = route.ok() ? std::nullopt : std::optional(route.error().code);
  auto reader = http::BodyReader::begin(head, worker_.state().settings.max_body_bytes);
  if (!reader.ok()) {
    refuse(refusal_.value_or(reader.error().code), allowed_methods(routes_, head.path));
    return false;
  }
  body_reader_ = *reader;
  return true;
}

// Until the body is there: false, and `size` is what is worth keeping of `data`. Then answers the request,
// and `next` is where the following one begins.
bool Connection::read_body(std::span<char> data, std::size_t& size, std::size_t& next) {
  const std::size_t fed_from = head_size_ + body_size_;
  const auto progress = body_reader_->feed(data.subspan(fed_from));
  if (!progress.ok()) {
    refuse(progress.error().code, {});
    return false;
  }
  body_size_ += progress->produced;
  if (!progress->done) {
    size = head_size_ + body_size_;
    await_body(data.first(size));
    return false;
  }
  next = fed_from + progress->consumed;
  answer(data.first(head_size_ + body_size_));
  body_reader_.reset();
  head_fresh_ = false;
  return true;
}

void Connection::await_body(std::span<char> data) {
  if (refusal_) {  // then the body is not worth reading
    const RequestInfo info = describe(head_of(data));
    worker_.handler().audit_refusal(routes_, info, *refusal_);
    return refuse(*refusal_, allowed_methods(routes_, info.path));
  }
  if (would_overload(data.size())) return refuse(ErrorCode::kOverloaded, {});
  if (phase_ != Phase::kBody && head_of(data).expect_continue) {
    output_.append(as_bytes(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")));
    output_sent_ = 0;
  }
  if (phase_ == Phase::kBody) return;
  moved_since_check_ = 0;
  enter(Phase::kBody);
}

// `data` is the request, whole.
void Connection::answer(std::span<char> data) {
  ++turns_;
  const http::RequestHead& head = head_of(data);
  const RequestInfo info = describe(head);
  secret::SecretBytes& out = worker_.answer();
  out.resize(limits::kResponseHeadBytes);
  worker_.counters().add(Counter::kRequests);
  Response response;
  if (!refusal_) {
    response = worker_.handler().handle(*route_, info, as_text(data.subspan(head_size_)), out);
  } else {
    worker_.handler().audit_refusal(routes_, info, *refusal_);
    response = worker_.handler().fail(*refusal_, {}, allowed_methods(routes_, info.path), out);
  }
  last_ = !head.keep_alive || worker_.draining();
  if (!last_ && head.minor_version == 0) response.keep_alive = true;
  send(response, head.method == http::Method::kHead);
}

// Answers with an error before the request has been read to its end; what follows cannot be trusted to be a
// request, so the connection ends.
void Connection::refuse(ErrorCode code, std::string_view allow) {
  last_ = true;
  body_reader_.reset();
  secret::SecretBytes& out = worker_.answer();
  out.resize(limits::kResponseHeadBytes);
  worker_.counters().add(Counter::kRequests);
  send(worker_.handler().fail(code, {}, allow, out), false);
}

void Connection::send(const Response& response, bool head_only) {
  secret::SecretBytes& out = worker_.answer();
  std::string& text = worker_.head_text();
  text.clear();
  http::ResponseHead head(text, response.status);
  write_fields(response, worker_.date(), out.size() - limits::kResponseHeadBytes, head);
  if (last_) head.field("Connection", "close");
  if (response.keep_alive) head.field("Connection", "keep-alive");
  head.finish();
  if (response.status >= 400) worker_.counters().add(Counter::kRequestsFailed);

  // The head goes right before the body, so that both leave in one write.
  NES_CHECK(text.size() <= limits::kResponseHeadBytes);
  const std::size_t begin = limits::kResponseHeadBytes - text.size();
  std::memcpy(out.reveal_mutable().data() + begin, text.data(), text.size());
  const std::size_t end = head_only ? limits::kResponseHeadBytes : out.size();
  std::span<const char> left = as_chars(out.reveal()).subspan(begin, end - begin);
  while (!left.empty()) {
    const os::StreamResult sent = stream_->write(left);
    left = left.subspan(sent.bytes);
    if (sent.status != StreamStatus::kOk) break;  // flush() finds out whether to wait or to give up
  }
  output_.append(as_bytes(as_text(left)));
  output_sent_ = 0;
  if (out.size() > limits::kKeptBufferBytes)
    out = {};
  else
    out.clear();
}

Connection::Next Connection::flush() {
  while (output_sent_ < output_.size()) {
    const os::StreamResult sent = stream_->write(as_chars(output_.reveal()).subspan(output_sent_));
    output_sent_ += sent.bytes;
    moved_since_check_ += sent.bytes;
    if (sent.status == StreamStatus::kOk) continue;
    if (sent.status != StreamStatus::kWantWrite && sent.status != StreamStatus::kWantRead) {
      close();
      return Next::kStop;
    }
    set_interest(sent.status == StreamStatus::kWantWrite ? EPOLLOUT : EPOLLIN);
    if (!std::exchange(write_blocked_, true)) {
      moved_since_check_ = 0;
      worker_.loop().arm(*this, limits::kWriteTimeoutMs);
    }
    return Next::kStop;
  }
  const bool had_to_wait = std::exchange(write_blocked_, false);
  output_ = {};
  output_sent_ = 0;
  set_held(input_.size());
  if (last_) {
    linger();
    return Next::kStop;
  }
  if (had_to_wait) enter(phase_);
  return Next::kGoOn;
}

}  // namespace nes::service

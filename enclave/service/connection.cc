#include "enclave/service/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.h"
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
    : worker_(worker), stream_(std::move(stream)), routes_(routes) {}

Connection::~Connection() {
  set_held(0);
  if (interest_ != 0) worker_.loop().remove(stream_->fd(), *this);
}

bool Connection::start() {
  if (!worker_.loop().add(stream_->fd(), EPOLLIN, *this).ok()) return false;
  interest_ = EPOLLIN;
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

void Connection::set_interest(std::uint32_t events) {
  if (events == interest_) return;
  interest_ = events;
  worker_.loop().modify(stream_->fd(), events, *this);
}

// What the connection holds counts against MAX_INFLIGHT_BYTES.
void Connection::set_held(std::size_t bytes) {
  if (bytes == held_) return;
  worker_.state().status.inflight_bytes.fetch_add(bytes - held_,
                                                  std::memory_order_relaxed);  // wraps as intended
  held_ = bytes;
}

void Connection::close() { worker_.forget(*this); }  // destroys this

void Connection::linger() {
  stream_->end();
  os::shutdown_write(stream_->fd());
  input_ = {};
  set_held(0);
  set_interest(EPOLLIN);
  enter(Phase::kLingering);
}

void Connection::on_deadline() {
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
  if (phase_ == Phase::kLingering) {
    const StreamStatus status = os::discard_input(stream_->fd());
    if (status == StreamStatus::kClosed || status == StreamStatus::kFailed) close();
    return;
  }
  if (phase_ == Phase::kHandshake && handshake() == Next::kStop) return;
  if (!output_.empty() && flush() == Next::kStop) return;
  if (unserved_ && serve_input() == Next::kStop) return;
  for (int i = 0; i < limits::kReadsPerRound; ++i)
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
  if (tls::session_info(*stream_).resumed) worker_.counters().add(Counter::kHandshakesResumed);
  client_names_ = tls::client_names(*stream_);
  for (const tls::ClientName& name : client_names_)
    client_sans_.push_back(
        {.type = name.type == tls::ClientName::Type::kDns ? config::SanType::kDns : config::SanType::kUri,
         .value = name.value});
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
  const State& state = worker_.state();
  if (refusal_) {  // then the body is not worth reading
    const RequestInfo info = describe(head_of(data));
    worker_.handler().audit_refusal(routes_, info, *refusal_);
    return refuse(*refusal_, allowed_methods(routes_, info.path));
  }
  const std::uint64_t inflight = state.status.inflight_bytes.load(std::memory_order_relaxed);
  if (inflight - held_ + data.size() > state.settings.max_inflight_bytes)
    return refuse(ErrorCode::kOverloaded, {});
  if (phase_ != Phase::kBody && head_of(data).expect_continue) {
    output_.append(as_bytes(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")));
    output_sent_ = 0;
  }
  enter(Phase::kBody);
}

RequestInfo Connection::describe(const http::RequestHead& head) const {
  const auto content_type = head.find_single("Content-Type");
  const auto schema = head.find_single(worker_.state().settings.schema_header_name);
  return {.method = head.method,
          .path = head.path,
          .query = head.query,
          .content_type = content_type.ok() ? *content_type : std::nullopt,
          .schema_header = schema.ok() ? *schema : std::nullopt,
          .client = {.sans = client_sans_},
          .repeats_field = !content_type.ok() || !schema.ok()};
}

// `data` is the request, whole.
void Connection::answer(std::span<char> data) {
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
  head.field("Date", worker_.date());
  head.field("Content-Type", response.content_type);
  head.field("Content-Length", out.size() - limits::kResponseHeadBytes);
  if (!response.count_name.empty()) head.field(response.count_name, response.count);
  if (response.no_store) head.field("Cache-Control", "no-store");
  if (!response.allow.empty()) head.field("Allow", response.allow);
  if (response.retry_after_s != 0)
    head.field("Retry-After", static_cast<std::uint64_t>(response.retry_after_s));
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
    if (sent.status == StreamStatus::kOk) {
      write_blocked_ = false;
      continue;
    }
    if (sent.status != StreamStatus::kWantWrite && sent.status != StreamStatus::kWantRead) {
      close();
      return Next::kStop;
    }
    set_interest(sent.status == StreamStatus::kWantWrite ? EPOLLOUT : EPOLLIN);
    if (!write_blocked_) worker_.loop().arm(*this, limits::kWriteTimeoutMs);  // again after each progress
    write_blocked_ = true;
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

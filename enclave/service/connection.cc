#include "enclave/service/connection.h"

#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "enclave/service/chars.h"
#include "enclave/service/worker.h"

namespace nes::service {

using os::StreamStatus;
using telemetry::Counter;

Connection::Connection(Worker& worker, std::unique_ptr<os::Stream> stream, std::span<const Route> routes)
    : ServedConnection(worker, std::move(stream), routes) {}

bool Connection::start() {
  if (!join_loop().ok()) return false;
  accepted_us_ = worker_.meter().now_us();
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
    case Phase::kIdle: timeout_ms = is_ending() ? limits::kDrainIdleTimeoutMs : limits::kIdleTimeoutMs; break;
    case Phase::kHead: timeout_ms = limits::kHeaderTimeoutMs; break;
    case Phase::kBody:
    case Phase::kBatch: timeout_ms = limits::kBodyTimeoutMs; break;
    case Phase::kLingering: timeout_ms = limits::kLingerTimeoutMs; break;
  }
  worker_.loop().arm(*this, timeout_ms);
}

// RFC 9112 section 9.6: a peer that may still be sending must not be reset before it has read the answer. One
// that has said `close`, with a request that has been read to its end, is not sending.
void Connection::end_after_answer() {
  if (!peer_is_done_ || stream_->has_buffered()) return linger();
  stream_->end();
  close();
}

void Connection::linger() {
  batch_.reset();
  input_ = {};
  end_sending();
  enter(Phase::kLingering);
}

void Connection::on_deadline() {
  if (batch_ != nullptr) return batch_is_slow();
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

void Connection::on_events(std::uint32_t events) {
  if (phase_ == Phase::kLingering) return discard_rest();
  // A batch may wait for neither direction, and then nobody else would find out.
  if (batch_ != nullptr && (events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  if (phase_ == Phase::kHandshake && handshake() == Next::kStop) return;
  if (!output_.empty() && flush() == Next::kStop) return;
  begin_round();
  if (batch_ != nullptr && serve_batch() == Next::kStop) return;
  if (unserved_ && serve_input() == Next::kStop) return;
  for (; turns_ < limits::kReadsPerRound; ++turns_)
    if (read_some() == Next::kStop) return;
  // One client must not keep the others waiting. What OpenSSL holds raises no event: being writable does.
  set_interest(EPOLLIN | EPOLLOUT);
}

void Connection::begin_round() noexcept {
  turns_ = 0;
  batch_reads_ = 0;
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
  if (of_client_) worker_.meter().ends(telemetry::Histogram::kHandshake, accepted_us_);
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
  const std::int64_t begin_us = worker_.meter().now_us();
  const os::StreamResult got = stream_->read(room);
  if (own_buffer) input_.drop_unwritten(room.size() - got.bytes);
  switch (got.status) {
    case StreamStatus::kOk: break;
    case StreamStatus::kWantRead: set_interest(EPOLLIN); return Next::kStop;
    case StreamStatus::kWantWrite: set_interest(EPOLLOUT); return Next::kStop;
    case StreamStatus::kClosed:
    case StreamStatus::kFailed: close(); return Next::kStop;
  }
  worker_.meter().ends(telemetry::Histogram::kPhaseTls, begin_us);
  NES_CHECK(input_.size() == size_before + (own_buffer ? got.bytes : 0));
  moved_since_check_ += got.bytes;
  if (own_buffer) return serve_input();

  // The common case: a request that arrives whole is served from the thread's buffer.
  const std::span<char> data = room.first(got.bytes);
  std::size_t size = data.size();
  const std::size_t done = serve(data, size);
  if (done < size) input_.append(chars_as_bytes(data.subspan(done, size - done)));
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

void Connection::count_held() {
  set_held(input_.size() + output_.size() + (batch_ == nullptr ? 0 : batch_->held()));
}

Connection::Next Connection::settle() {
  count_held();
  if (batch_ != nullptr) {
    if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
    return serve_batch();
  }
  unserved_ = !output_.empty() && !input_.empty();
  if (!output_.empty()) {
    if (flush() == Next::kStop) return Next::kStop;
    if (unserved_) return serve_input();
  }
  if (last_) {
    end_after_answer();
    return Next::kStop;
  }
  if (stream_->has_buffered()) return Next::kGoOn;
  set_interest(EPOLLIN);
  return Next::kStop;
}

std::size_t Connection::serve(std::span<char> data, std::size_t& size) {
  head_fresh_ = false;
  std::size_t at = 0;
  while (at < size && output_.empty() && !last_ && batch_ == nullptr) {
    const std::span<char> rest = data.subspan(at, size - at);
    if (!body_reader_ && !parse_head(rest)) break;
    if (batch_ != nullptr) {
      at += head_size_ + feed_batch(rest.subspan(head_size_));
      break;
    }
    std::size_t rest_size = rest.size();
    std::size_t next = 0;
    if (!read_body(rest, rest_size, next)) {
      size = at + rest_size;
      break;
    }
    at += next;
  }
  if (last_) {
    peer_is_done_ = peer_is_done_ && at == size;
    return size;  // nothing that follows will be served
  }
  if (at == size && phase_ != Phase::kIdle && batch_ == nullptr) enter(Phase::kIdle);
  return at;
}

Connection::Next Connection::wait_to_send(StreamStatus status) {
  if (status != StreamStatus::kWantWrite && status != StreamStatus::kWantRead) {
    close();
    return Next::kStop;
  }
  set_interest(status == StreamStatus::kWantWrite ? EPOLLOUT : EPOLLIN);
  if (!std::exchange(write_blocked_, true)) {
    moved_since_check_ = 0;
    worker_.loop().arm(*this, limits::kWriteTimeoutMs);
  }
  return Next::kStop;
}

void Connection::can_send() {
  if (std::exchange(write_blocked_, false)) enter(phase_);
}

Connection::Next Connection::flush() {
  if (const StreamStatus status = output_.flush(*stream_, moved_since_check_); status != StreamStatus::kOk)
    return wait_to_send(status);
  count_held();
  if (last_) {
    write_blocked_ = false;
    end_after_answer();
    return Next::kStop;
  }
  can_send();
  return Next::kGoOn;
}

}  // namespace nes::service

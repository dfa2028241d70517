#include "enclave/service/http2_connection.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "enclave/service/http2_stream.h"
#include "enclave/service/worker.h"

namespace nes::service {

using http::Http2Error;
using http::StreamId;
using os::StreamStatus;
using telemetry::Counter;

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
  if (is_ending()) return drain();
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
  batches_ = 0;
  ready_.clear();
  stream_bytes_ = 0;
  drain_deadline_.reset();
  end_sending();
  enter(Phase::kLingering);
}

void Http2Connection::on_events(std::uint32_t /*events*/) {
  if (phase_ == Phase::kLingering) return discard_rest();
  worked_bytes_ = 0;
  for (int i = 0; i < limits::kHttp2ReadsPerRound; ++i) {
    if (serve() == Next::kStop || read_some() == Next::kStop) return;
  }
  // What OpenSSL holds raises no event: being writable does.
  if (serve() == Next::kGoOn) set_interest(EPOLLIN | EPOLLOUT);
}

Http2Connection::Next Http2Connection::read_some() {
  const std::span<char> room = worker_.read_buffer();
  const std::int64_t begin_us = worker_.meter().now_us();
  const os::StreamResult got = stream_->read(room);
  switch (got.status) {
    case StreamStatus::kOk: break;
    case StreamStatus::kWantRead:
      set_interest(EPOLLIN);
      if (pause_batches()) serve();
      return Next::kStop;
    case StreamStatus::kWantWrite: set_interest(EPOLLOUT); return Next::kStop;
    case StreamStatus::kClosed:
    case StreamStatus::kFailed: close(); return Next::kStop;
  }
  worker_.meter().ends(telemetry::Histogram::kPhaseTls, begin_us);
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
  work();
  const std::span<char> room = worker_.http2_buffer();
  for (int i = 0; i < limits::kHttp2WritesPerRound; ++i) {
    const std::size_t size = session_->send(room);
    if (size == 0) return settle();
    const std::int64_t begin_us = worker_.meter().now_us();
    output_.send(*stream_, room.first(size));
    worker_.meter().ends(telemetry::Histogram::kPhaseWrite, begin_us);
    secret::wipe(room.data(), size);
    if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
  }
  settle();
  set_interest(EPOLLIN | EPOLLOUT);
  return Next::kStop;
}

void Http2Connection::work() {
  int slices = 0;
  for (int i = 0; i < limits::kHttp2RequestsPerRound && slices < limits::kBatchSlicesPerRound &&
                  worked_bytes_ < limits::kHttp2BytesPerRound && !ready_.empty();
       ++i) {
    Stream* const stream = find(ready_.front());
    ready_.pop_front();
    if (stream == nullptr) continue;
    if (stream->batch == nullptr)
      worked_bytes_ += answer(*stream);
    else
      slices += tend_batch(*stream) ? 1 : 0;
  }
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
  const StreamStatus status = output_.flush(*stream_, sent_since_check_);
  if (status == StreamStatus::kOk) return Next::kGoOn;
  if (status != StreamStatus::kWantWrite && status != StreamStatus::kWantRead) {
    close();
    return Next::kStop;
  }
  set_interest(status == StreamStatus::kWantWrite ? EPOLLOUT : EPOLLIN);
  if (phase_ != Phase::kBlocked) enter(Phase::kBlocked);
  count_held();
  return Next::kStop;
}

std::size_t Http2Connection::holds() const {
  std::size_t bytes = stream_bytes_ + output_.size() + session_->held();
  if (batches_ == 0) return bytes;
  for (const auto& [id, stream] : streams_)
    if (stream->batch != nullptr) bytes += stream->batch->held();
  return bytes;
}

void Http2Connection::count_held() { set_held(holds()); }

}  // namespace nes::service

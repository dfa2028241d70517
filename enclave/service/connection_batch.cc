// A batch over HTTP/1.1: chunks out while the body comes in, trailers at the end.
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "enclave/service/chars.h"
#include "enclave/service/connection.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"
#include "http/response.h"

namespace nes::service {

using os::StreamStatus;
using telemetry::Counter;

bool Connection::batch_may_hold(std::size_t bytes) {
  return !would_overload(input_.size() + output_.size() + bytes);
}

void Connection::batch_goes_on() {
  begin_round();
  if (!write_blocked_ && serve_batch() == Next::kGoOn) on_events(0);
}

bool Connection::begin_batch(const RequestInfo& info) {
  if (!Handler::is_batch(*route_, info)) return false;
  if (!batch_may_hold(limits::kBatchReservedBytes)) {
    refusal_ = ErrorCode::kOverloaded;
    return false;
  }
  auto job = worker_.handler().begin_batch(*route_, info, true, head_us_);
  if (!job.ok()) {
    refusal_ = job.error().code;
    return false;
  }
  const http::RequestHead& head = worker_.head();
  auto reader = http::BodyReader::begin(head, std::numeric_limits<std::uint64_t>::max());
  NES_CHECK(reader.ok());
  body_reader_ = *reader;
  BatchOwner& owner = *this;
  batch_ = std::make_unique<Batch>(worker_, owner, std::move(job).value());
  batch_error_.reset();
  batch_head_sent_ = false;
  batch_last_ = !head.keep_alive;
  moved_since_check_ = 0;
  enter(Phase::kBatch);
  if (head.expect_continue) output_.append(http::kContinueResponse);
  return true;
}

std::size_t Connection::feed_batch(std::span<char> data) {
  const auto progress = body_reader_->feed(data);
  if (!progress.ok()) {
    batch_error_ = progress.error().code;
    return data.size();
  }
  if (progress->produced != 0) batch_->append(data.first(progress->produced));
  if (progress->done) batch_->end_input();
  return progress->consumed;
}

Connection::Next Connection::serve_batch() {
  for (;;) {
    if (batch_error_) return fail_batch(*batch_error_);
    if (send_batch() == Next::kStop) return Next::kStop;
    if (batch_->ends_after(0)) return end_batch();
    if (turns_ >= limits::kBatchSlicesPerRound || batch_reads_ >= limits::kReadsPerRound) {
      set_interest(EPOLLIN | EPOLLOUT);
      return Next::kStop;
    }
    if (batch_->wants_input()) {
      if (read_batch() == Next::kStop) return Next::kStop;
    } else if (batch_->work()) {
      ++turns_;
    } else {
      set_interest(0);  // another worker has what comes next
      return Next::kStop;
    }
    count_held();
  }
}

Connection::Next Connection::read_batch() {
  ++batch_reads_;
  const std::span<char> room = worker_.read_buffer();
  const os::StreamResult got = stream_->read(room);
  if (got.status == StreamStatus::kWantRead || got.status == StreamStatus::kWantWrite) {
    batch_->pause_input();
    if (batch_->work()) {
      ++turns_;
      return Next::kGoOn;
    }
    set_interest(got.status == StreamStatus::kWantRead ? EPOLLIN : EPOLLOUT);
    return Next::kStop;
  }
  if (got.status != StreamStatus::kOk) {
    close();
    return Next::kStop;
  }
  moved_since_check_ += got.bytes;
  const std::span<char> data = room.first(got.bytes);
  const std::size_t done = feed_batch(data);
  // What follows the body is the next request.
  const std::span<char> rest = data.subspan(done);
  input_.append(chars_as_bytes(rest));
  secret::wipe(data.data(), data.size());
  return Next::kGoOn;
}

void Connection::send_batch_head() {
  note_request();
  batch_last_ = batch_last_ || worker_.draining();
  const Response response = worker_.handler().batch_response(batch_->job());
  std::string& text = worker_.head_text();
  text.clear();
  http::ResponseHead head(text, response.status);
  write_fields(response, worker_.date(), 0, head);
  head.field("Transfer-Encoding", "chunked");
  if (batch_last_) head.field("Connection", "close");
  head.finish();
  output_.send(*stream_, text);
  batch_head_sent_ = true;
}

// What is ready of the answer.
Connection::Next Connection::send_batch() {
  if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
  while (!batch_->output().empty()) {
    if (!batch_head_sent_) {
      send_batch_head();
      if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
    }
    const os::StreamResult sent = stream_->write(batch_->output());
    moved_since_check_ += sent.bytes;
    if (sent.status != StreamStatus::kOk) return wait_to_send(sent.status);
    batch_->sent(sent.bytes);
  }
  can_send();
  return Next::kGoOn;
}

Connection::Next Connection::end_batch() {
  if (!batch_head_sent_) send_batch_head();
  std::string& text = worker_.head_text();
  text = "0\r\n";
  http::FieldLines lines(text);
  write_trailers(batch_->job(), batch_->totals(), lines);
  lines.finish();
  if (output_.empty())
    output_.send(*stream_, text);
  else
    output_.append(text);
  batch_->conclude(std::nullopt);
  batch_.reset();
  body_reader_.reset();
  last_ = batch_last_ || worker_.draining();
  if (!last_) enter(Phase::kIdle);
  unserved_ = !input_.empty();
  count_held();
  if (!output_.empty() && flush() == Next::kStop) return Next::kStop;
  if (last_) {
    linger();
    return Next::kStop;
  }
  if (!unserved_) return Next::kGoOn;
  set_interest(EPOLLIN | EPOLLOUT);
  return Next::kStop;
}

// Before the first line the error has its status. Afterwards the answer just does not end as it should.
Connection::Next Connection::fail_batch(ErrorCode code) {
  batch_->conclude(code);
  batch_.reset();
  if (batch_head_sent_) {
    worker_.counters().add(Counter::kRequestsFailed);
    output_.clear();
    linger();
    return Next::kStop;
  }
  refuse(code, {});
  flush();
  return Next::kStop;
}

void Connection::batch_is_slow() {
  const bool lines_came = batch_->has_advanced();
  const bool moved = std::exchange(moved_since_check_, 0) >= limits::kMinBytesPerCheck;
  const bool waits_for_client = write_blocked_ || batch_->wants_input();
  if (moved || !waits_for_client || (lines_came && !write_blocked_))
    return worker_.loop().arm(*this, limits::kRateCheckMs);
  worker_.counters().add(Counter::kTimeouts);
  if (write_blocked_) {
    batch_->conclude(ErrorCode::kTimeout);
    return close();
  }
  fail_batch(ErrorCode::kTimeout);
}

}  // namespace nes::service

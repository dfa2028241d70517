// A batch over HTTP/2: its client may send for what has been taken in, and is sent what its windows take.
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "enclave/service/http2_connection.h"
#include "enclave/service/http2_stream.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"

namespace nes::service {

using http::Http2Error;
using http::StreamId;
using telemetry::Counter;

void Http2Connection::begin_batch(Stream& stream, const http::RequestHead& head) {
  if (would_overload(holds() + limits::kBatchReservedBytes)) return refuse(stream, ErrorCode::kOverloaded);
  RequestInfo info = describe(head);
  info.http_2 = true;
  auto job = worker_.handler().begin_batch(*stream.route, info, false, stream.head_us);
  if (!job.ok()) return refuse(stream, job.error().code);
  stream.batch = std::make_unique<Batch>(worker_, stream, std::move(job).value());
  ++batches_;
  stream_bytes_ -= stream.head.size();
  stream.head = {};  // the batch has what it needs of it, and its event and span
  const auto expect = head.find_single("Expect");
  if (expect.ok() && expect->has_value()) session_->answer_continue(stream.id);
}

void Http2Connection::feed_batch(Stream& stream, std::span<const char> data) {
  stream.moved_since_check += data.size();
  stream.untaken += data.size();
  stream.batch->append(data);
  enqueue(stream);
}

bool Http2Connection::pause_batches() {
  if (batches_ == 0) return false;
  for (const auto& [id, stream] : streams_) {
    if (stream->batch == nullptr) continue;
    stream->batch->pause_input();
    enqueue(*stream);
  }
  return true;
}

bool Http2Connection::tend_batch(Stream& stream) {
  Batch& batch = *stream.batch;
  stream.queued = false;
  const bool worked = batch.work();
  if (worked) enqueue(stream);  // there may be more
  if (!batch.output().empty() || batch.ends_after(0)) {
    if (!stream.batch_head_sent) send_batch_head(stream);
    session_->resume(stream.id);
  }
  if (batch.wants_input() && stream.untaken != 0)
    session_->take_more(stream.id, std::exchange(stream.untaken, 0));
  return worked;
}

void Http2Connection::send_batch_head(Stream& stream) {
  note_request();
  const Response response = worker_.handler().batch_response(stream.batch->job());
  Http2Fields fields;
  write_fields(response, worker_.date(), 0, fields);
  session_->answer(stream.id, {.status = response.status, .fields = fields.view(), .has_body = true});
  stream.batch_head_sent = true;
}

http::Http2Requests::Piece Http2Connection::next_batch_piece(const Stream& stream, std::size_t max) const {
  const std::size_t ready = stream.batch->output().size();
  const std::size_t size = std::min(ready, max);
  return {.size = size,
          .then = stream.batch->ends_after(size) ? Piece::Then::kEnd
                  : ready == 0                   ? Piece::Then::kWait
                                                 : Piece::Then::kMore};
}

void Http2Connection::write_batch_piece(Stream& stream, std::span<char> out) {
  std::memcpy(out.data(), stream.batch->output().data(), out.size());
  stream.batch->sent(out.size());
  stream.moved_since_check += out.size();
  if (stream.batch->ends_after(0)) return stream.batch->conclude(std::nullopt);
  enqueue(stream);  // there is room for more
}

std::span<const http::Field> Http2Connection::trailers(StreamId id) {
  Stream* const stream = find(id);
  if (stream == nullptr || stream->batch == nullptr) return {};
  stream->trailers = std::make_unique<Http2Fields>();
  write_trailers(stream->batch->job(), stream->batch->totals(), *stream->trailers);
  if (stream->batch->ends_after(0)) stream->batch->conclude(std::nullopt);
  return stream->trailers->view();
}

void Http2Connection::fail_batch(Stream& stream, ErrorCode code) {
  stream.batch->conclude(code);
  if (stream.batch_head_sent) return session_->reset(stream.id, Http2Error::kCancel);
  stream.batch.reset();
  --batches_;
  stream.has_small_body = false;
  refuse(stream, code);  // once, although it may be in ready_ for its batch
}

void Http2Connection::batch_is_slow(Stream& stream) {
  const bool lines_came = stream.batch->has_advanced();
  const bool moved = std::exchange(stream.moved_since_check, 0) >= limits::kMinBytesPerCheck;
  const bool owes_reading = !stream.batch->output().empty();
  const bool waits_for_client = owes_reading || stream.batch->wants_input();
  if (moved || !waits_for_client || (lines_came && !owes_reading))
    return worker_.loop().arm(stream, limits::kRateCheckMs);
  worker_.counters().add(Counter::kTimeouts);
  fail_batch(stream, ErrorCode::kTimeout);
  if (serve() == Next::kGoOn) set_interest(EPOLLIN);
}

void Http2Connection::batch_goes_on(Stream& stream) {
  enqueue(stream);
  if (serve() == Next::kGoOn) set_interest(EPOLLIN);
}

}  // namespace nes::service

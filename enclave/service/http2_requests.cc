// The requests of a connection in HTTP/2: what the session says of them, and their answers.
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "enclave/service/chars.h"
#include "enclave/service/http2_connection.h"
#include "enclave/service/http2_fields.h"
#include "enclave/service/http2_stream.h"
#include "enclave/service/inflight.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"

namespace nes::service {

using http::Http2Error;
using http::StreamId;
using telemetry::Counter;

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
  stream_bytes_ -= stream.body.size();
  stream.body = {};
  if (!stream.has_small_body) enqueue(stream);
}

Http2Connection::Stream& Http2Connection::open(StreamId id) {
  Stream& stream = *(streams_[id] = std::make_unique<Stream>(*this, id));
  stream_bytes_ += stream.held();
  stream.head_us = worker_.meter().mark_us();
  worker_.loop().arm(stream, limits::kBodyTimeoutMs);
  if (phase_ == Phase::kIdle) enter(Phase::kServing);
  return stream;
}

bool Http2Connection::keep_head(Stream& stream, std::string_view text, const http::RequestHead& head) {
  constexpr std::size_t kSmallHeadBytes = 1024;  // not worth a choice
  constexpr std::string_view kLineEnd = "\r\n";
  const auto each_part = [&](auto&& take) {
    if (text.size() <= kSmallHeadBytes) return take(text);
    take(text.substr(0, text.find(kLineEnd) + kLineEnd.size()));
    for (std::size_t i = 0; i < head.field_count(); ++i) {
      const http::Field& field = head.field(i);
      if (!http::equals_ignore_case(field.name, "Host") && !describes(field.name)) continue;
      for (const std::string_view part : {field.name, std::string_view(": "), field.value, kLineEnd})
        take(part);
    }
    take(kLineEnd);
  };
  std::size_t size = 0;
  each_part([&size](std::string_view part) { size += part.size(); });
  if (would_overload(holds() + size)) return false;
  stream.head.reserve(size);
  each_part([&stream](std::string_view part) { stream.head.append(as_bytes(part)); });
  stream_bytes_ += size;
  return true;
}

void Http2Connection::on_head(StreamId id, std::string_view head_text) {
  Stream& stream = open(id);
  if (head_text.empty()) return refuse(stream, ErrorCode::kHeadersTooLarge);
  http::RequestHead& head = worker_.head();
  const auto parsed = http::RequestHead::parse(head_text, head);
  if (!parsed.ok() || *parsed != head_text.size())
    return refuse(stream, parsed.ok() ? ErrorCode::kMalformedRequest : parsed.error().code);
  const auto expect = head.find_single("Expect");
  const bool waits_for_100 = expect.ok() && expect->has_value();
  stream.has_small_body =
      !waits_for_100 && head.content_length > 0 && head.content_length <= limits::kHttp2RefusedBodyBytes;
  if (!keep_head(stream, head_text, head)) {
    worker_.handler().audit_refusal(routes_, describe(head), ErrorCode::kOverloaded);
    return refuse(stream, ErrorCode::kOverloaded);
  }
  const auto route = worker_.handler().admit(routes_, describe(head));
  if (!route.ok()) return refuse(stream, route.error().code);
  stream.route = *route;
  if (Handler::is_batch(**route, describe(head))) return begin_batch(stream, head);
  if (head.content_length > worker_.state().settings.max_body_bytes)
    return refuse(stream, ErrorCode::kBodyTooLarge);
  // expect_continue needs a body announced in HTTP/1.1's way; here it is the stream that goes on.
  if (waits_for_100) session_->answer_continue(id);
}

bool Http2Connection::on_body(StreamId id, std::span<const char> data) {
  Stream* stream = find(id);
  if (stream != nullptr && stream->batch != nullptr) {
    feed_batch(*stream, data);
    return false;
  }
  if (stream == nullptr || stream->queued || stream->refusal) return true;  // it has its answer
  stream->moved_since_check += data.size();
  if (stream->body.size() + data.size() > worker_.state().settings.max_body_bytes) {
    refuse(*stream, ErrorCode::kBodyTooLarge);
  } else if (would_overload(holds() + data.size())) {
    refuse(*stream, ErrorCode::kOverloaded);
  } else {
    stream->body.append(chars_as_bytes(data));
    stream_bytes_ += data.size();
  }
  return true;
}

void Http2Connection::on_end(StreamId id) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  if (stream->batch != nullptr) stream->batch->end_input();
  enqueue(*stream);
}

void Http2Connection::on_closed(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  stream_bytes_ -= found->second->held();
  if (found->second->batch != nullptr) --batches_;
  streams_.erase(found);
}

// The deadline of a body, or of an answer, whose peer is slow or has stopped.
void Http2Connection::stream_is_slow(Stream& stream) {
  if (stream.batch != nullptr) return batch_is_slow(stream);
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

std::size_t Http2Connection::answer(Stream& stream) {
  RequestMeter& meter = worker_.meter();
  meter.begins();
  meter.request_begins();
  note_request();
  Response response;
  bool head_only = false;
  secret::SecretBytes out;
  InflightBytes counted;
  AnswerRoom room(worker_.state(), counted, limits::kSmallAnswerBytes);
  room.begin(stream.body.size(), 0);
  if (stream.head.empty()) {
    response = worker_.handler().fail(stream.refusal.value_or(ErrorCode::kMalformedRequest), {}, {}, out);
  } else {
    http::RequestHead& head = worker_.head();
    NES_CHECK(http::RequestHead::parse(as_text(stream.head.reveal()), head).ok());  // as when it came
    RequestInfo info = describe(head);
    info.http_2 = true;
    head_only = head.method == http::Method::kHead;
    if (!stream.refusal) {
      response = worker_.handler().handle(*stream.route, info, as_text(stream.body.reveal()), room, out);
    } else {
      worker_.handler().audit_refusal(routes_, info, *stream.refusal);
      response = worker_.handler().fail(*stream.refusal, {}, allowed_methods(routes_, info.path), out);
    }
    if (response.latency) meter.request_ends(*response.latency);
    note_span(info, stream.route, stream.head_us, response);
  }
  const std::size_t worked = stream.body.size() + out.size();
  stream_bytes_ -= stream.held();
  stream.head = {};
  stream.body = {};
  stream.answer = std::move(out);
  stream_bytes_ += stream.held();
  if (counted.size() != 0) count_held();
  send(stream, response, head_only);
  return worked;
}

void Http2Connection::send(Stream& stream, const Response& response, bool head_only) {
  note_answer(response);
  Http2Fields fields;
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
  if (stream->batch != nullptr) return next_batch_piece(*stream, max);
  const std::size_t left = stream->answer.size() - stream->answer_sent;
  return {.size = std::min(max, left), .then = left <= max ? Piece::Then::kEnd : Piece::Then::kMore};
}

void Http2Connection::write_piece(StreamId id, std::span<char> out) {
  Stream* stream = find(id);
  if (stream != nullptr && stream->batch != nullptr) return write_batch_piece(*stream, out);
  NES_CHECK(stream != nullptr && out.size() <= stream->answer.size() - stream->answer_sent);
  std::memcpy(out.data(), stream->answer.reveal().data() + stream->answer_sent, out.size());
  stream->answer_sent += out.size();
  stream->moved_since_check += out.size();
}

}  // namespace nes::service

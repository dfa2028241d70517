// One request of a connection in HTTP/1.1 that is answered once it is whole.
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "enclave/service/chars.h"
#include "enclave/service/connection.h"
#include "enclave/service/inflight.h"
#include "enclave/service/response_fields.h"
#include "enclave/service/worker.h"
#include "http/response.h"

namespace nes::service {

const http::RequestHead& Connection::head_of(std::span<char> data) {
  http::RequestHead& head = worker_.head();
  if (head_fresh_) return head;
  const auto parsed = http::RequestHead::parse(chars_as_text(data), head);
  NES_CHECK(parsed.ok() && *parsed == head_size_);
  head_fresh_ = true;
  return head;
}

// Until there is a whole head: false. A head that is wrong is answered at once and ends the connection.
bool Connection::parse_head(std::span<char> data) {
  if (phase_ == Phase::kIdle) enter(Phase::kHead);
  http::RequestHead& head = worker_.head();
  const auto parsed = http::RequestHead::parse(chars_as_text(data), head, head_searched_);
  if (!parsed.ok()) {
    refuse(parsed.error().code, {});
    return false;
  }
  if (*parsed == 0) return false;
  head_searched_ = 0;
  head_size_ = *parsed;
  body_size_ = 0;
  head_fresh_ = true;
  head_us_ = worker_.meter().mark_us();
  const RequestInfo info = describe(head);
  const auto route = worker_.handler().admit(routes_, info);
  route_ = route.ok() ? *route : nullptr;
  refusal_ = route.ok() ? std::nullopt : std::optional(route.error().code);
  if (route.ok() && begin_batch(info)) return true;
  auto reader = http::BodyReader::begin(head, worker_.state().settings.max_body_bytes);
  if (!reader.ok()) {
    refuse(refusal_.value_or(reader.error().code), allowed_methods(routes_, head.path), &info);
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
    return refuse(*refusal_, allowed_methods(routes_, info.path), &info);
  }
  if (would_overload(data.size())) return refuse(ErrorCode::kOverloaded, {});
  if (phase_ != Phase::kBody && head_of(data).expect_continue) {
    output_.append(http::kContinueResponse);
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
  InflightBytes counted;
  AnswerRoom room(worker_.state(), counted, limits::kSmallAnswerBytes);
  room.begin(data.size(), 0);
  RequestMeter& meter = worker_.meter();
  meter.request_begins();
  note_request();
  Response response;
  if (!refusal_) {
    response = worker_.handler().handle(*route_, info, chars_as_text(data.subspan(head_size_)), room, out);
  } else {
    worker_.handler().audit_refusal(routes_, info, *refusal_);
    response = worker_.handler().fail(*refusal_, {}, allowed_methods(routes_, info.path), out);
  }
  peer_is_done_ = !head.keep_alive;
  last_ = peer_is_done_ || is_ending();
  if (!last_ && head.minor_version == 0) response.keep_alive = true;
  send(response, head.method == http::Method::kHead);
  if (!output_.empty()) count_held();  // before `counted` is gone
  if (response.latency) {
    meter.ends(telemetry::Histogram::kPhaseWrite);
    meter.request_ends(*response.latency);
  } else {
    meter.begins();  // for what follows in the buffer
  }
  note_span(info, route_, head_us_, response);
}

// Answers with an error before the request has been read to its end; what follows cannot be trusted to be a
// request, so the connection ends.
void Connection::refuse(ErrorCode code, std::string_view allow, const RequestInfo* request) {
  last_ = true;
  body_reader_.reset();
  secret::SecretBytes& out = worker_.answer();
  out.resize(limits::kResponseHeadBytes);
  note_request();
  const Response response = worker_.handler().fail(code, {}, allow, out);
  send(response, false);
  if (request != nullptr) note_span(*request, route_, head_us_, response);
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
  note_answer(response);

  // The head goes right before the body, so that both leave in one write.
  NES_CHECK(text.size() <= limits::kResponseHeadBytes);
  const std::size_t begin = limits::kResponseHeadBytes - text.size();
  std::memcpy(out.reveal_mutable().data() + begin, text.data(), text.size());
  if (head_only) out.resize(limits::kResponseHeadBytes);
  output_.send(*stream_, out, begin);
  out.clear_keeping(limits::kKeptBufferBytes);
}

}  // namespace nes::service

// A call against a server of this library.
#include "http/http2_call.h"

#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "http/http2_session.h"

namespace nes::http {
namespace {

// Answers every request with its own body and, as a trailer, a gRPC status.
class Echo final : public Http2Requests {
 public:
  void on_head(StreamId, std::string_view head) override { head_ = head; }
  bool on_body(StreamId, std::span<const char> data) override {
    body_.append(data.data(), data.size());
    return true;
  }
  void on_end(StreamId stream) override {
    const Field fields[] = {{"content-type", "application/grpc"}};
    session->answer(stream, {.status = 200, .fields = fields, .has_body = true});
  }
  void on_closed(StreamId) override {}
  Piece next_piece(StreamId, std::size_t max) override {
    const std::size_t left = body_.size() - sent_;
    return {.size = std::min(max, left), .then = left <= max ? Piece::Then::kEnd : Piece::Then::kMore};
  }
  void write_piece(StreamId, std::span<char> out) override {
    std::memcpy(out.data(), body_.data() + sent_, out.size());
    sent_ += out.size();
  }
  std::span<const Field> trailers(StreamId) override { return trailers_; }

  std::string head_, body_;
  std::unique_ptr<Http2Session> session;

 private:
  std::size_t sent_ = 0;
  const Field trailers_[1] = {{"grpc-status", "0"}};
};

constexpr Field kFields[] = {{"content-type", "application/grpc"}, {"te", "trailers"}};

Http2Call::Request request(std::string body) {
  return {.scheme = "http", .authority = "h:1", .path = "/S/M", .fields = kFields, .body = std::move(body)};
}

// Lets both sides talk, `step` bytes at a time; the first error of the client, or nothing.
Result<void> talk(Http2Call& call, Http2Session& server, std::size_t step) {
  std::string room(limits::kHttp2WriteBytes, '\0');
  while (!call.done()) {
    std::string sent;
    call.send(sent);
    if (!sent.empty()) {
      EXPECT_TRUE(server.receive(sent, 0).ok());
    }
    const std::size_t got = server.send(room);
    if (got == 0 && sent.empty()) return Error{ErrorCode::kTruncated, "both sides wait"};
    for (std::size_t at = 0; at < got; at += step)
      NES_TRY(call.receive(std::span(room).subspan(at, std::min(step, got - at))));
  }
  return {};
}

TEST(Http2Call, carries_a_body_there_and_back_with_trailers) {
  for (const std::size_t size : {0U, 1U, 16'384U, 1'000'000U}) {
    for (const std::size_t step : {1U, 7U, 100'000U}) {
      Echo echo;
      echo.session = Http2Session::create(echo).value();
      const std::string body(size, 'x');
      const auto call = Http2Call::create(request(body), size).value();
      const auto talked = talk(*call, *echo.session, step);
      ASSERT_TRUE(talked.ok()) << talked.error().reason.view();
      EXPECT_EQ(call->status(), 200);
      EXPECT_EQ(call->field("grpc-status"), "0");
      EXPECT_EQ(call->field("content-type"), "application/grpc");
      EXPECT_EQ(call->field("other"), "");
      EXPECT_EQ(call->body(), body);
      EXPECT_TRUE(echo.head_.starts_with("POST /S/M HTTP/1.1\r\n")) << echo.head_;
    }
  }
}

TEST(Http2Call, refuses_an_answer_over_its_limit) {
  Echo echo;
  echo.session = Http2Session::create(echo).value();
  const auto call = Http2Call::create(request("12345"), 4).value();
  const auto talked = talk(*call, *echo.session, 100'000);
  ASSERT_FALSE(talked.ok());
  EXPECT_EQ(talked.error().code, ErrorCode::kLimit);
}

TEST(Http2Call, says_that_the_stream_was_reset) {
  class Refuses final : public Http2Requests {
   public:
    void on_head(StreamId stream, std::string_view) override { session->reset(stream, Http2Error::kCancel); }
    bool on_body(StreamId, std::span<const char>) override { return true; }
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    Piece next_piece(StreamId, std::size_t) override { return {.then = Piece::Then::kAbort}; }
    void write_piece(StreamId, std::span<char>) override {}
    std::span<const Field> trailers(StreamId) override { return {}; }
    std::unique_ptr<Http2Session> session;
  } server;
  server.session = Http2Session::create(server).value();
  const auto call = Http2Call::create(request("x"), 100).value();
  const auto talked = talk(*call, *server.session, 100'000);
  ASSERT_FALSE(talked.ok());
  EXPECT_EQ(talked.error().code, ErrorCode::kIo);
  EXPECT_EQ(talked.error().position, static_cast<std::uint64_t>(Http2Error::kCancel));
}

TEST(Http2Call, refuses_what_is_not_http_2) {
  const auto call = Http2Call::create(request("x"), 100).value();
  const std::string_view answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  std::string sent;
  call->send(sent);
  const auto received = call->receive(answer);
  ASSERT_FALSE(received.ok());
  EXPECT_FALSE(call->done());
}

}  // namespace
}  // namespace nes::http

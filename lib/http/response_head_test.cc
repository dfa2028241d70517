#include "http/response_head.h"

#include <string>

#include <gtest/gtest.h>

#include "http/response_body.h"

namespace nes::http {
namespace {

Result<std::size_t> parse(const std::string& text, AnswerHead& head, Method method = Method::kGet) {
  return AnswerHead::parse(text, method, head);
}

std::string refusal(const std::string& head_text) {
  AnswerHead head;
  const auto parsed = parse(head_text, head);
  return parsed.ok() ? std::string("accepted") : std::string(base::error_code_name(parsed.error().code));
}

// The body of `text`, fed in pieces of `piece` bytes; "!" and the error's code if there is one.
std::string body_of(const std::string& text, std::size_t piece, std::uint64_t max_bytes = 1000) {
  AnswerHead head;
  const auto size = parse(text, head);
  if (!size.ok()) return "!head";
  auto body = AnswerBody::begin(head, max_bytes);
  if (!body.ok()) return std::string("!") + base::error_code_name(body.error().code);
  std::string rest = text.substr(*size);
  std::string out;
  while (!rest.empty() && !body->done()) {
    std::string part = rest.substr(0, piece);
    rest.erase(0, part.size());
    const auto progress = body->feed(part);
    if (!progress.ok()) return std::string("!") + base::error_code_name(progress.error().code);
    out += part.substr(0, progress->produced);
  }
  const auto ended = body->end();
  return ended.ok() ? out : std::string("!") + base::error_code_name(ended.error().code);
}

TEST(AnswerHead, reads_status_fields_and_framing) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Type: \t text/xml \r\nContent-Length: 12\r\n\r\nbody";
  AnswerHead head;
  EXPECT_EQ(parse(text, head).value(), text.size() - 4);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.framing, AnswerFraming::kContentLength);
  EXPECT_EQ(head.content_length, 12U);
  ASSERT_EQ(head.field_count(), 2U);
  EXPECT_EQ(head.field(0).name, "Content-Type");
  EXPECT_EQ(head.field(0).value, "text/xml");
  EXPECT_FALSE(head.is_interim());
}

TEST(AnswerHead, needs_more_until_the_empty_line) {
  const std::string text = "HTTP/1.1 204 \r\nDate: x\r\n\r\n";
  AnswerHead head;
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(parse(text.substr(0, size), head).value(), 0U) << size;
  EXPECT_EQ(parse(text, head).value(), text.size());
}

TEST(AnswerHead, knows_where_bodies_end) {
  const auto framing = [](const std::string& text, Method method = Method::kGet) {
    AnswerHead head;
    EXPECT_TRUE(parse(text, head, method).ok()) << text;
    return head.framing;
  };
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n"), AnswerFraming::kUntilClose);
  EXPECT_EQ(framing("HTTP/1.0 200 OK\r\n\r\n"), AnswerFraming::kUntilClose);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), AnswerFraming::kChunked);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", Method::kHead), AnswerFraming::kNone);
  EXPECT_EQ(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), AnswerFraming::kNone);
  EXPECT_EQ(framing("HTTP/1.1 204 No Content\r\n\r\n"), AnswerFraming::kNone);
  EXPECT_EQ(framing("HTTP/1.1 100 Continue\r\n\r\n"), AnswerFraming::kNone);
}

TEST(AnswerHead, refuses_what_is_not_exactly_a_head) {
  for (const char* text : {
           "HTTP/2 200 OK\r\n\r\n",
           "HTTP/1.2 200 OK\r\n\r\n",
           "http/1.1 200 OK\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 200\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 099 OK\r\n\r\n",
           "HTTP/1.1 600 OK\r\n\r\n",
           "HTTP/1.1 2x0 OK\r\n\r\n",
           "HTTP/1.1 200 O\x01K\r\n\r\n",
           "HTTP/1.1 200 OK\n\n",
           "\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1234567890123456789\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       }) {
    EXPECT_EQ(refusal(text), "malformed") << text;
  }
  EXPECT_EQ(refusal("HTTP/1.1 200 \r\nA:\r\n\r\n"), "accepted");
}

TEST(AnswerHead, holds_its_limits) {
  const std::string start = "HTTP/1.1 200 OK\r\nA: ";
  const auto of_size = [&](std::size_t size) {
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(refusal(of_size(limits::kHttpHeadBytes)), "accepted");
  EXPECT_EQ(refusal(of_size(limits::kHttpHeadBytes + 1)), "limit");
  const auto with_fields = [](std::size_t count) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    for (std::size_t i = 0; i < count; ++i) text += "a: b\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(refusal(with_fields(limits::kHttpHeaders)), "accepted");
  EXPECT_EQ(refusal(with_fields(limits::kHttpHeaders + 1)), "limit");
}

TEST(AnswerBody, is_the_same_however_it_is_split) {
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\n";
  const std::string until_close = "HTTP/1.1 200 OK\r\n\r\nhello";
  for (std::size_t piece = 1; piece < 50; ++piece) {
    EXPECT_EQ(body_of(sized, piece), "hello");
    EXPECT_EQ(body_of(chunked, piece), "hello");
    EXPECT_EQ(body_of(until_close, piece), "hello");
  }
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1), "");
  EXPECT_EQ(body_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 1), "");
}

TEST(AnswerBody, that_ends_early_is_an_error) {
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 1), "!truncated");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1), "!truncated");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r", 3),
            "!truncated");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 3), "!truncated");
}

TEST(AnswerBody, that_is_broken_is_an_error) {
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 3), "!malformed");
}

TEST(AnswerBody, holds_the_limit_that_it_is_given) {
  for (std::size_t piece = 1; piece < 8; ++piece) {
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", piece, 5), "hello");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", piece, 4), "!limit");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\n\r\nhello", piece, 5), "hello");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\n\r\nhello", piece, 4), "!limit");
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    EXPECT_EQ(body_of(chunked, piece, 5), "hello");
    EXPECT_EQ(body_of(chunked, piece, 4), "!limit");
  }
}

}  // namespace
}  // namespace nes::http

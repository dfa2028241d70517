#include "http/request_body.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace nes::http {
namespace {

constexpr std::uint64_t kLimit = 10;

// A connection: bytes arrive behind what is there, and one request is read out of one buffer.
class Connection {
 public:
  explicit Connection(std::string_view head_fields) {
    buffer_ = "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(head_fields) + "\r\n";
    const auto size = RequestHead::parse(buffer_, head_);
    EXPECT_TRUE(size.ok() && *size == buffer_.size());
    body_begin_ = body_end_ = buffer_.size();
  }

  Result<BodyReader> begin() const { return BodyReader::begin(head_, kLimit); }

  // The error's code, or nothing.
  std::optional<ErrorCode> receive(BodyReader& reader, std::string_view bytes) {
    buffer_.resize(body_end_);
    buffer_.append(bytes);
    const auto progress = reader.feed(std::span<char>(buffer_).subspan(body_end_));
    if (!progress.ok()) return progress.error().code;
    EXPECT_EQ(progress->done, reader.done());
    EXPECT_TRUE(progress->done || progress->consumed == bytes.size());
    rest_ = std::string_view(buffer_).substr(body_end_ + progress->consumed);
    body_end_ += progress->produced;
    return std::nullopt;
  }

  std::string_view body() const {
    return std::string_view(buffer_).substr(body_begin_, body_end_ - body_begin_);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string buffer_;
  RequestHead head_;
  std::size_t body_begin_ = 0;
  std::size_t body_end_ = 0;
  std::string_view rest_;
};

TEST(RequestBody, is_done_at_once_when_there_is_none) {
  for (const std::string_view fields : {"", "Content-Length: 0\r\n"}) {
    Connection connection(fields);
    auto reader = connection.begin();
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE(reader->done());
    EXPECT_EQ(connection.receive(*reader, "GET"), std::nullopt);
    EXPECT_EQ(connection.body(), "");
    EXPECT_EQ(connection.rest(), "GET");
  }
}

TEST(RequestBody, is_as_long_as_its_length_says_however_it_comes) {
  for (std::size_t cut = 0; cut <= 5; ++cut) {
    Connection connection("Content-Length: 5\r\n");
    auto reader = connection.begin();
    ASSERT_TRUE(reader.ok());
    EXPECT_FALSE(reader->done());
    const std::string_view bytes = "helloGET";
    EXPECT_EQ(connection.receive(*reader, bytes.substr(0, cut)), std::nullopt);
    EXPECT_EQ(reader->done(), cut == 5);
    EXPECT_EQ(connection.body(), bytes.substr(0, cut));
    EXPECT_EQ(connection.receive(*reader, bytes.substr(cut)), std::nullopt);
    EXPECT_TRUE(reader->done());
    EXPECT_EQ(connection.body(), "hello");
    EXPECT_EQ(connection.rest(), "GET");
  }
}

TEST(RequestBody, is_moved_together_when_it_is_chunked) {
  const std::string_view bytes = "3;a\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\nGET";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Connection connection("Transfer-Encoding: chunked\r\n");
    auto reader = connection.begin();
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(connection.receive(*reader, bytes.substr(0, cut)), std::nullopt);
    const std::string first_rest(connection.rest());
    if (!reader->done()) {
      EXPECT_EQ(connection.receive(*reader, bytes.substr(cut)), std::nullopt);
      EXPECT_EQ(connection.rest(), "GET");
    } else {
      EXPECT_EQ(first_rest + std::string(bytes.substr(cut)), "GET");
    }
    EXPECT_TRUE(reader->done());
    EXPECT_EQ(connection.body(), "hello");
  }
}

TEST(RequestBody, is_refused_at_once_when_its_length_is_over_the_limit) {
  EXPECT_TRUE(Connection("Content-Length: 9\r\n").begin().ok());
  EXPECT_TRUE(Connection("Content-Length: 10\r\n").begin().ok());
  for (const std::string_view length : {"11", "999999999999999999"}) {
    const auto reader = Connection("Content-Length: " + std::string(length) + "\r\n").begin();
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().code, ErrorCode::kBodyTooLarge);
  }
}

TEST(RequestBody, is_refused_when_its_chunks_go_over_the_limit) {
  Connection connection("Transfer-Encoding: chunked\r\n");
  auto reader = connection.begin();
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(connection.receive(*reader, "a\r\n0123456789\r\n"), std::nullopt);
  auto full = *reader;
  EXPECT_EQ(connection.receive(full, "0\r\n\r\n"), std::nullopt);
  EXPECT_TRUE(full.done());
  EXPECT_EQ(connection.receive(*reader, "1\r\n"), ErrorCode::kBodyTooLarge);
}

TEST(RequestBody, is_refused_when_its_coding_is_broken) {
  Connection connection("Transfer-Encoding: chunked\r\n");
  auto reader = connection.begin();
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(connection.receive(*reader, "1\r\nab"), ErrorCode::kMalformedRequest);
  EXPECT_FALSE(reader->done());
}

}  // namespace
}  // namespace nes::http

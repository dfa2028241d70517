#include "http/http2_session.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::http {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum Type : char {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9
};
constexpr char kEndStream = 1, kEndHeaders = 4;

std::string frame(Type type, char flags, StreamId stream, const std::string& payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  out += type;
  out += flags;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  return out + payload;
}

// Literals without indexing (RFC 7541 section 6.2.2).
std::string block(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += "\0"s + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
  return out;
}

// A literal of 4,000 bytes that enters the compression's table, and a byte that stands for it (section 6.1).
const std::string kLargeField = "\x40\x03x-a\x7f\xa1\x1e"s + std::string(4'000, 'a');
std::string references(std::size_t count) { return std::string(count, '\xbe'); }

const std::string kPost =
    block({{":method", "POST"}, {":scheme", "https"}, {":path", "/x"}, {":authority", "h"}});

struct Received {
  char type, flags;
  StreamId stream;
  std::string payload;
};

// An owner that answers nothing by itself and notes what it is told.
class Owner final : public Http2Requests {
 public:
  void on_head(StreamId stream, std::string_view head) override { heads[stream] = head; }
  bool on_body(StreamId stream, std::span<const char> data) override {
    bodies[stream].append(data.data(), data.size());
    return takes_bodies;
  }
  void on_end(StreamId stream) override { ended.push_back(stream); }
  void on_closed(StreamId stream) override { closed.push_back(stream); }
  Piece next_piece(StreamId, std::size_t max) override {
    if (aborts) return {.size = 0, .then = Piece::Then::kAbort};
    const std::size_t size = std::min({max, answer.size() - sent, piece_bytes});
    if (size == 0 && !complete) return {.size = 0, .then = Piece::Then::kWait};
    const bool last = complete && sent + size == answer.size();
    return {.size = size, .then = last ? Piece::Then::kEnd : Piece::Then::kMore};
  }
  void write_piece(StreamId, std::span<char> out) override {
    std::copy_n(answer.data() + sent, out.size(), out.data());
    sent += out.size();
  }
  std::span<const Field> trailers(StreamId) override { return trailer_fields; }

  std::map<StreamId, std::string> heads, bodies;
  std::vector<StreamId> ended, closed;
  std::string answer;
  std::size_t sent = 0;
  std::size_t piece_bytes = 1'000'000;
  bool complete = true;
  bool takes_bodies = true;
  bool aborts = false;
  std::vector<Field> trailer_fields;
};

class Http2SessionTest : public ::testing::Test {
 protected:
  Http2SessionTest() : session(std::move(Http2Session::create(owner)).value()) {
    EXPECT_TRUE(receive(std::string(kPreface) + frame(kSettings, 0, 0, "")));
    sent();
  }

  bool receive(const std::string& data) { return session->receive(data, 1'000).ok(); }

  std::vector<Received> sent() {
    std::string all;
    std::vector<char> room(limits::kHttp2WriteBytes);
    while (const std::size_t size = session->send(room)) all.append(room.data(), size);
    std::vector<Received> frames;
    for (std::size_t at = 0; at < all.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(all[at + i]); };
      const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
      frames.push_back({all[at + 3], all[at + 4], byte(8), all.substr(at + 9, size)});
      at += 9 + size;
    }
    return frames;
  }

  // One request after another, answered at once; returns how many until the connection ends, or `most`.
  int requests_until_end(const std::string& header_block, int most) {
    for (int i = 0; i < most; ++i) {
      const StreamId stream = 101 + 2 * i;
      if (!receive(frame(kHeaders, kEndHeaders | kEndStream, stream, header_block))) return i;
      if (owner.heads.contains(stream))
        session->answer(stream, {.status = 200, .fields = {}, .has_body = false});
      sent();
      if (session->is_over()) return i;
    }
    return most;
  }

  Owner owner;
  std::unique_ptr<Http2Session> session;
};

TEST_F(Http2SessionTest, tells_head_body_and_end_however_the_bytes_are_split) {
  const std::string message =
      frame(kHeaders, kEndHeaders, 1, kPost) + frame(kData, 0, 1, "ab") + frame(kData, kEndStream, 1, "c");
  for (const char byte : message) ASSERT_TRUE(receive(std::string(1, byte)));
  EXPECT_EQ(owner.heads[1], "POST /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(owner.bodies[1], "abc");
  EXPECT_EQ(owner.ended, std::vector<StreamId>{1});
}

TEST_F(Http2SessionTest, opens_the_window_of_a_body_that_is_not_taken_only_when_it_is) {
  owner.takes_bodies = false;
  ASSERT_TRUE(receive(frame(kSettings, 1, 0, "")));  // ACK: the window is as large as it was announced
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost)));
  const std::string piece = frame(kData, 0, 1, std::string(16'384, 'x'));
  std::vector<StreamId> opened;
  const auto note_windows = [&] {
    for (const Received& one : sent())
      if (one.type == kWindowUpdate) opened.push_back(one.stream);
  };
  for (int i = 0; i < limits::kHttp2StreamWindowBytes / 16'384; ++i) {
    ASSERT_TRUE(receive(piece));
    note_windows();
  }
  EXPECT_EQ(std::count(opened.begin(), opened.end(), 1), 0) << "the stream waits";
  session->take_more(1, limits::kHttp2StreamWindowBytes);
  note_windows();
  EXPECT_EQ(std::count(opened.begin(), opened.end(), 1), 1);
  ASSERT_TRUE(receive(piece));
}

TEST_F(Http2SessionTest, sends_an_answer_in_frames_with_its_trailers) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders | kEndStream, 1, kPost)));
  owner.answer = std::string(40'000, 'x');
  owner.trailer_fields = {{"x-lines-failed", "0"}};
  const Field field{"x-a", "1"};
  session->answer(1, {.status = 200, .fields = {&field, 1}, .has_body = true});
  const std::vector<Received> frames = sent();
  std::string body;
  for (const Received& got : frames)
    if (got.type == kData) body += got.payload;
  EXPECT_EQ(body, owner.answer);
  ASSERT_GE(frames.size(), 4U);
  EXPECT_EQ(frames.front().type, kHeaders);
  EXPECT_EQ(frames.back().type, kHeaders);
  EXPECT_EQ(frames.back().flags & kEndStream, kEndStream);
  EXPECT_EQ(owner.closed, std::vector<StreamId>{1});
}

TEST_F(Http2SessionTest, waits_for_an_answer_that_is_not_there_yet) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders | kEndStream, 1, kPost)));
  owner.complete = false;
  session->answer(1, {.status = 200, .fields = {}, .has_body = true});
  EXPECT_EQ(sent().size(), 1U);
  owner.answer = "late";
  session->resume(1);
  const std::vector<Received> some = sent();
  ASSERT_EQ(some.size(), 1U);
  EXPECT_EQ(some[0].payload, "late");
  owner.complete = true;
  session->resume(1);
  const std::vector<Received> rest = sent();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].flags, kEndStream);
}

TEST_F(Http2SessionTest, resets_a_stream_whose_answer_is_broken) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders | kEndStream, 1, kPost)));
  owner.aborts = true;
  session->answer(1, {.status = 200, .fields = {}, .has_body = true});
  const std::vector<Received> frames = sent();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, kReset);
  EXPECT_FALSE(session->is_over());
}

TEST_F(Http2SessionTest, resets_without_error_what_is_answered_before_its_end) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost)));
  session->answer(1, {.status = 413, .fields = {}, .has_body = false});
  const std::vector<Received> frames = sent();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].type, kReset);
  EXPECT_EQ(frames[1].payload, std::string(4, '\0'));
  EXPECT_TRUE(receive(frame(kData, 0, 1, "was on its way")));
  sent();
  EXPECT_FALSE(session->is_over());
}

TEST_F(Http2SessionTest, ends_the_connection_for_a_frame_on_a_closed_stream) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders | kEndStream, 1, kPost)));
  session->answer(1, {.status = 200, .fields = {}, .has_body = false});
  sent();
  receive(frame(kData, 0, 1, "x"));
  const std::vector<Received> frames = sent();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, kGoaway);
  EXPECT_TRUE(session->is_over());
}

TEST_F(Http2SessionTest, takes_pings_up_to_its_budget) {
  for (std::uint32_t i = 0; i + 1 < limits::kHttp2Budget; ++i) {  // SETTINGS was one
    ASSERT_TRUE(receive(frame(kPing, 0, 0, std::string(8, 'p'))));
    ASSERT_EQ(sent().size(), 1U) << i;
  }
  receive(frame(kPing, 0, 0, std::string(8, 'p')));
  const std::vector<Received> frames = sent();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, kGoaway);
  EXPECT_TRUE(session->is_over());
}

TEST_F(Http2SessionTest, ends_the_connection_of_a_header_list_without_end) {
  constexpr std::size_t kMost = 16;  // references of 4,035 bytes, beside kPost's 169
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost + kLargeField)));
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 3, kPost + references(kMost))));
  EXPECT_EQ(owner.heads.at(3), "") << "too large";
  sent();
  EXPECT_FALSE(receive(frame(kHeaders, kEndHeaders, 5, kPost + references(kMost + 1))));
  EXPECT_FALSE(owner.heads.contains(5));
  const std::vector<Received> frames = sent();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, kGoaway);
  EXPECT_EQ(frames.back().payload.substr(4, 4), "\0\0\0\x0b"s);
  EXPECT_TRUE(session->is_over());
}

TEST_F(Http2SessionTest, takes_any_number_of_header_lists_within_their_limit) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost + kLargeField)));
  EXPECT_EQ(requests_until_end(kPost + references(3), 1'000), 1'000);
}

TEST_F(Http2SessionTest, ends_the_connection_of_many_header_lists_over_their_limit) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost + kLargeField)));
  const int taken = requests_until_end(kPost + references(5), 1'000);
  EXPECT_GE(taken, 100);
  EXPECT_LT(taken, 200);
}

TEST_F(Http2SessionTest, ends_the_connection_of_many_malformed_requests) {
  const int taken = requests_until_end(block({{":method", "POST"}, {"X-A", "1"}}), 1'000);
  EXPECT_GE(taken, 400);
  EXPECT_LE(taken, 500);
}

TEST_F(Http2SessionTest, holds_a_header_list_until_it_is_whole) {
  ASSERT_TRUE(receive(frame(kHeaders, 0, 1, kPost + kLargeField)));
  EXPECT_GE(session->held(), 4'000U);
  ASSERT_TRUE(receive(frame(kContinuation, kEndHeaders, 1, "")));
  EXPECT_EQ(session->held(), 0U);
  EXPECT_EQ(owner.heads.at(1).size(), 4'000U + "POST /x HTTP/1.1\r\nHost: h\r\nx-a: \r\n\r\n"s.size());
}

TEST_F(Http2SessionTest, refuses_another_protocol) {
  Owner other;
  auto fresh = Http2Session::create(other);
  ASSERT_TRUE(fresh.ok());
  EXPECT_FALSE((*fresh)->receive(std::string_view("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 0).ok());
  EXPECT_TRUE((*fresh)->is_over());
}

TEST_F(Http2SessionTest, is_over_once_it_has_ended_and_its_streams_have) {
  ASSERT_TRUE(receive(frame(kHeaders, kEndHeaders, 1, kPost)));
  session->announce_end();
  session->end(Http2Error::kNoError);
  sent();
  EXPECT_FALSE(session->is_over());
  ASSERT_TRUE(receive(frame(kData, kEndStream, 1, "")));
  session->answer(1, {.status = 200, .fields = {}, .has_body = false});
  sent();
  EXPECT_TRUE(session->is_over());
}

}  // namespace
}  // namespace nes::http

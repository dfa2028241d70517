#include "http/chunked.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::http {
namespace {

using std::string_view_literals::operator""sv;

struct Decoded {
  std::string body;
  std::string rest;  // what followed the end
  bool done = false;
  std::optional<ErrorCode> error;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Decodes `input` in pieces that end at `cuts`, ascending, each in a block of exactly its size.
Decoded decode(std::string_view input, const std::vector<std::size_t>& cuts = {},
               std::uint64_t limit = 1'000'000) {
  ChunkedDecoder decoder(limit);
  Decoded out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : input.size();
    const std::size_t size = end - begin;
    const std::unique_ptr<char[]> piece(new char[size]);
    input.substr(begin, size).copy(piece.get(), size);
    begin = end;
    const auto progress = decoder.decode({piece.get(), size});
    if (!progress.ok()) {
      out.error = progress.error().code;
      return out;
    }
    EXPECT_LE(progress->produced, progress->consumed);
    EXPECT_LE(progress->consumed, size);
    EXPECT_TRUE(progress->done || progress->consumed == size);
    EXPECT_TRUE(!out.done || (progress->consumed == 0 && progress->done));
    out.body.append(piece.get(), progress->produced);
    out.rest.append(piece.get() + progress->consumed, size - progress->consumed);
    out.done = progress->done;
  }
  return out;
}

std::vector<std::size_t> every_byte(std::string_view input) {
  std::vector<std::size_t> cuts;
  for (std::size_t n = 1; n < input.size(); ++n) cuts.push_back(n);
  return cuts;
}

void expect_refused(std::string_view input, ErrorCode code = ErrorCode::kMalformedRequest) {
  EXPECT_EQ(decode(input).error, code) << input;
  EXPECT_EQ(decode(input, every_byte(input)).error, code) << input;
}

struct Sample {
  std::string_view coded, body, rest;
};

constexpr Sample kSamples[] = {
    {"0\r\n\r\n", "", ""},
    {"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "hello", "GET / HTTP/1.1\r\n"},
    {"1\r\n{\r\n00A\r\n\"a\":\"\r\n12\"\r\n1\r\n}\r\n000\r\n\r\n", "{\"a\":\"\r\n12\"}", ""},
    {"3;a=b;c=\"d\"\r\nabc\r\n0;x\r\nX-Trailer: \t1 \xC3\xA9\r\nY:\r\n\r\nrest", "abc", "rest"},
    {"b\r\nhello\0world\r\nC\r\n\r\n0\r\n\r\n0\r\n\r\n\r\n1\r\n0\r\n0\r\n\r\n"sv,
     "hello\0world\r\n0\r\n\r\n0\r\n\r\n0"sv, ""},
    {"2;\r\n\r\n\r\n0;\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "\r\n", "\r\n"},
};

TEST(Chunked, gives_the_bytes_of_the_chunks_and_leaves_what_follows) {
  for (const Sample& sample : kSamples) {
    const Decoded out = decode(sample.coded);
    ASSERT_FALSE(out.error.has_value()) << sample.coded;
    EXPECT_TRUE(out.done) << sample.coded;
    EXPECT_EQ(out.body, sample.body);
    EXPECT_EQ(out.rest, sample.rest);
  }
}

TEST(Chunked, gives_the_same_at_every_split_point) {
  for (const Sample& sample : kSamples) {
    const Decoded whole = decode(sample.coded);
    for (std::size_t cut = 0; cut <= sample.coded.size(); ++cut)
      EXPECT_EQ(decode(sample.coded, {cut}), whole);
    EXPECT_EQ(decode(sample.coded, every_byte(sample.coded)), whole);
  }
}

TEST(Chunked, gives_the_same_in_random_pieces) {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): a failure can be repeated
  for (int round = 0; round < 300; ++round) {
    std::string coded, body;
    for (int chunk = 0; chunk < 8; ++chunk) {
      std::string data(1 + random() % 40, '\0');
      for (char& c : data) c = static_cast<char>(random());
      char size[8];
      static_cast<void>(std::snprintf(size, sizeof size, "%zx", data.size()));
      coded.append(size).append(random() % 2 == 0 ? ";e" : "").append("\r\n").append(data).append("\r\n");
      body += data;
    }
    coded += "0\r\nT: v\r\n\r\n";
    std::vector<std::size_t> cuts;
    for (std::size_t at = random() % 9; at < coded.size(); at += random() % 30) cuts.push_back(at);
    EXPECT_EQ(decode(coded, cuts), (Decoded{body, "", true, std::nullopt}));
  }
}

TEST(Chunked, is_not_done_before_its_last_byte) {
  static constexpr std::string_view kCoded = "3;x\r\nabc\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t n = 0; n < kCoded.size(); ++n) {
    const Decoded out = decode(kCoded.substr(0, n));
    EXPECT_FALSE(out.error.has_value()) << n;
    EXPECT_FALSE(out.done) << n;
  }
  EXPECT_TRUE(decode(kCoded).done);
}

TEST(Chunked, refuses_sizes_that_are_not_plain_hex) {
  for (const std::string_view size : {"", "+3", "-3", "0x3", " 3", "3 ", "\t3", "3\t", "3,", "g", "3h", "3.0",
                                      "3 ;a", ";a", "\"3\"", "\xEF\xBC\x93"})
    expect_refused(std::string(size) + "\r\nabc\r\n0\r\n\r\n");
  expect_refused("3\0\r\nabc\r\n0\r\n\r\n"sv);
}

TEST(Chunked, takes_sizes_of_15_digits_and_no_more) {
  EXPECT_EQ(decode("000000000000003\r\nabc\r\n000000000000000\r\n\r\n").body, "abc");
  expect_refused("0000000000000003\r\nabc\r\n0\r\n\r\n");
  expect_refused("10000000000000003\r\nabc\r\n0\r\n\r\n");
  expect_refused("3\r\nabc\r\n0000000000000000\r\n\r\n");
}

TEST(Chunked, refuses_line_ends_other_than_crlf) {
  for (const std::string_view coded :
       {"3\nabc\r\n0\r\n\r\n", "3\rabc\r\n0\r\n\r\n", "3\r\r\nabc\r\n0\r\n\r\n", "3;a\nabc\r\n0\r\n\r\n",
        "3;a\rb\r\nabc\r\n0\r\n\r\n", "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r0\r\n\r\n", "3\r\nabc0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n", "3\r\nab\r\n0\r\n\r\n", "0\n\r\n", "0\r\n\n", "0\r\n\rX", "0\r\nA: b\n\r\n",
        "0\r\nA: b\rC: d\r\n\r\n", "0\r\nA: b\r\n\n", "\r\n0\r\n\r\n"})
    expect_refused(coded);
}

TEST(Chunked, refuses_extensions_that_are_not_visible_ascii) {
  for (const std::string_view extension : {" a", "a b", "a\tb", "a\x7F", "\xC3\xA9", "\x01"})
    expect_refused("3;" + std::string(extension) + "\r\nabc\r\n0\r\n\r\n");
  expect_refused("3;a\0b\r\nabc\r\n0\r\n\r\n"sv);
}

TEST(Chunked, takes_a_size_line_as_long_as_the_limit_and_no_longer) {
  const auto with_line = [](std::size_t size) {
    return "3;" + std::string(size - 2, 'x') + "\r\nabc\r\n0\r\n\r\n";
  };
  EXPECT_EQ(decode(with_line(limits::kHttpChunkLineBytes - 1)).body, "abc");
  EXPECT_EQ(decode(with_line(limits::kHttpChunkLineBytes)).body, "abc");
  expect_refused(with_line(limits::kHttpChunkLineBytes + 1));
}

TEST(Chunked, refuses_trailers_that_a_head_would_refuse) {
  for (const std::string_view trailer : {": b", " A: b", "\tA: b", "A : b", "A", "A\t: b", "A\x0B: b",
                                         "A: b\x01", "A: \x7F", "A: b\r\n c: d", "\xC3: b"})
    expect_refused("0\r\n" + std::string(trailer) + "\r\n\r\n");
  expect_refused("0\r\nA: \0\r\n\r\n"sv);
}

TEST(Chunked, takes_as_many_trailers_as_the_limit_and_no_more) {
  const auto with_trailers = [](std::size_t count) {
    std::string coded = "0\r\n";
    for (std::size_t i = 0; i < count; ++i) coded += "A: b\r\n";
    return coded + "\r\n";
  };
  EXPECT_TRUE(decode(with_trailers(limits::kHttpTrailers - 1)).done);
  EXPECT_TRUE(decode(with_trailers(limits::kHttpTrailers)).done);
  expect_refused(with_trailers(limits::kHttpTrailers + 1), ErrorCode::kHeadersTooLarge);
}

TEST(Chunked, takes_trailers_of_as_many_bytes_as_the_limit_and_no_more) {
  const auto with_bytes = [](std::size_t size) {
    return "0\r\nA:" + std::string(size - 6, 'x') + "\r\n\r\n";
  };
  EXPECT_TRUE(decode(with_bytes(limits::kHttpTrailerBytes - 1)).done);
  EXPECT_TRUE(decode(with_bytes(limits::kHttpTrailerBytes)).done);
  expect_refused(with_bytes(limits::kHttpTrailerBytes + 1), ErrorCode::kHeadersTooLarge);
}

TEST(Chunked, takes_a_body_as_large_as_the_limit_and_no_larger) {
  static constexpr std::string_view kCoded = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  EXPECT_EQ(decode(kCoded, {}, 6).body, "abcde");
  EXPECT_EQ(decode(kCoded, {}, 5).body, "abcde");
  EXPECT_EQ(decode(kCoded, {}, 4).error, ErrorCode::kBodyTooLarge);
  EXPECT_EQ(decode(kCoded, every_byte(kCoded), 4).error, ErrorCode::kBodyTooLarge);
  EXPECT_EQ(decode("0\r\n\r\n", {}, 0).body, "");
  EXPECT_EQ(decode("1\r\n", {}, 0).error, ErrorCode::kBodyTooLarge);
  // Sizes whose sum would pass for small in 64 bits.
  EXPECT_EQ(decode("3\r\nabc\r\nfffffffffffffff\r\n").error, ErrorCode::kBodyTooLarge);
}

TEST(Chunked, stays_refused_after_an_error) {
  ChunkedDecoder decoder;
  std::string broken = "x";
  std::string good = "0\r\n\r\n";
  EXPECT_FALSE(decoder.decode(broken).ok());
  EXPECT_FALSE(decoder.decode(good).ok());
  ChunkedDecoder fresh;
  EXPECT_TRUE(fresh.decode(good).ok());
}

}  // namespace
}  // namespace nes::http

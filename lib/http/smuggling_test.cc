// Shapes that servers in a row have been made to read differently (request smuggling; RFC 9112 sections 11.1
// and 11.2). Each stands beside the nearest head that is accepted.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "http/request_head.h"

namespace nes::http {
namespace {

using std::string_view_literals::operator""sv;

struct Shape {
  std::string_view what;
  std::string_view refused;
  std::string_view accepted;
};

// Field lines of a POST in HTTP/1.1 that has a Host already.
constexpr Shape kFieldShapes[] = {
    {"length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"sv, "Content-Length: 5\r\n"sv},
    {"coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"sv,
     "Transfer-Encoding: chunked\r\n"sv},
    {"coding and length 0", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"sv,
     "Content-Length: 0\r\n"sv},
    {"two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"sv, "Content-Length: 6\r\n"sv},
    {"equal lengths", "Content-Length: 5\r\ncontent-length: 5\r\n"sv, "content-length: 5\r\n"sv},
    {"list of lengths", "Content-Length: 5, 5\r\n"sv, "Content-Length: 55\r\n"sv},
    {"length with plus", "Content-Length: +5\r\n"sv, "Content-Length: 5\r\n"sv},
    {"length with minus", "Content-Length: -0\r\n"sv, "Content-Length: 00\r\n"sv},
    {"length with space", "Content-Length: 1 0\r\n"sv, "Content-Length: \t10 \t\r\n"sv},
    {"length in hex", "Content-Length: 0x5\r\n"sv, "Content-Length: 05\r\n"sv},
    {"length with fraction", "Content-Length: 5.0\r\n"sv, "Content-Length: 50\r\n"sv},
    {"length empty", "Content-Length:\r\n"sv, "Content-Length:0\r\n"sv},
    {"length too long", "Content-Length: 1000000000000000000\r\n"sv,
     "Content-Length: 999999999999999999\r\n"sv},
    {"length with NUL", "Content-Length: 5\0\r\n"sv, "Content-Length: 5 \r\n"sv},
    {"length with vertical tab",
     "Content-Length:\x0B"
     "5\r\n"sv,
     "Content-Length:\t5\r\n"sv},
    {"length in other digits", "Content-Length: \xD9\xA5\r\n"sv, "X-Length: \xD9\xA5\r\n"sv},
    {"coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"sv,
     "transfer-encoding: CHUNKED\r\n"sv},
    {"coding list", "Transfer-Encoding: chunked, chunked\r\n"sv, "Transfer-Encoding:chunked\r\n"sv},
    {"identity first", "Transfer-Encoding: identity, chunked\r\n"sv, "TE: identity, chunked\r\n"sv},
    {"identity", "Transfer-Encoding: identity\r\n"sv, "Transfer-Encoding: chunked \r\n"sv},
    {"gzip first", "Transfer-Encoding: gzip, chunked\r\n"sv, "Accept-Encoding: gzip, chunked\r\n"sv},
    {"chunked not last", "Transfer-Encoding: chunked, identity\r\n"sv, "Transfer-Encoding: chunked\t\r\n"sv},
    {"identity apart", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"sv,
     "Transfer-Encoding:\tchunked\r\n"sv},
    {"almost chunked", "Transfer-Encoding: xchunked\r\n"sv, "Transfer-Encoding: chunked\r\n"sv},
    {"chunked and more", "Transfer-Encoding: chunkedx\r\n"sv, "Transfer-Encoding: Chunked\r\n"sv},
    {"coding with parameter", "Transfer-Encoding: chunked;q=1\r\n"sv, "TE: chunked;q=1\r\n"sv},
    {"coding quoted", "Transfer-Encoding: \"chunked\"\r\n"sv, "X: \"chunked\"\r\n"sv},
    {"coding with comma", "Transfer-Encoding: ,chunked\r\n"sv, "Connection: ,close\r\n"sv},
    {"coding empty", "Transfer-Encoding:\r\n"sv, "X-Transfer-Encoding:\r\n"sv},
    {"coding after vertical tab",
     "Transfer-Encoding:\x0B"
     "chunked\r\n"sv,
     "Transfer-Encoding:\tchunked\r\n"sv},
    {"coding after form feed",
     "Transfer-Encoding: \x0C"
     "chunked\r\n"sv,
     "Transfer-Encoding:  chunked\r\n"sv},
    {"coding with high byte", "Transfer-Encoding: chunked\xFF\r\n"sv, "X: chunked\xFF\r\n"sv},
    {"space before colon", "Transfer-Encoding : chunked\r\n"sv, "Transfer-Encoding: chunked\r\n"sv},
    {"tab before colon", "Content-Length\t: 5\r\n"sv, "Content-Length:\t5\r\n"sv},
    {"vertical tab in name", "Transfer-Encoding\x0B: chunked\r\n"sv, "Transfer-Encoding-: chunked\r\n"sv},
    {"name with space", "Content Length: 5\r\n"sv, "Content_Length: 5\r\n"sv},
    {"name with NUL", "Content-Length\0: 5\r\n"sv, "Content-Length0: 5\r\n"sv},
    {"name with high byte", "X\xC3\xA9: 5\r\n"sv, "X: \xC3\xA9\r\n"sv},
    {"name empty", ": 5\r\n"sv, "a: 5\r\n"sv},
    {"no colon", "Content-Length\r\n"sv, "Content-Length: 5\r\n"sv},
    {"line folded", "X: a\r\n Content-Length: 5\r\n"sv, "X: a\r\nContent-Length: 5\r\n"sv},
    {"line folded with tab", "X: a\r\n\tb\r\n"sv, "X: a\tb\r\n"sv},
    {"value folded at once", "Transfer-Encoding:\r\n chunked\r\n"sv, "Transfer-Encoding: chunked\r\n"sv},
    {"bare LF between fields", "X: a\nContent-Length: 5\r\n"sv, "X: a\r\nContent-Length: 5\r\n"sv},
    {"bare CR between fields", "X: a\rContent-Length: 5\r\n"sv, "X: a Content-Length: 5\r\n"sv},
    {"bare CR at the end of a value", "X: a\r\r\n"sv, "X: a \r\n"sv},
    {"bare CR before the empty line", "X: a\r\n\r\r\n"sv, "X: a\r\n"sv},
    {"bare LF at the end", "X: a\n"sv, "X: a\r\n"sv},
    {"NUL in a value", "X: a\0b\r\n"sv, "X: a0b\r\n"sv},
    {"DEL in a value", "X: a\x7F\r\n"sv, "X: a~\r\n"sv},
    {"escape in a value", "X: \x1B[0m\r\n"sv, "X: [0m\r\n"sv},
    {"second Host", "Host: a\r\n"sv, "X-Host: a\r\n"sv},
    {"second Host, other", "host: b\r\n"sv, "hosts: b\r\n"sv},
};

// Whole heads.
constexpr Shape kHeadShapes[] = {
    {"no Host", "GET / HTTP/1.1\r\n\r\n"sv, "GET / HTTP/1.0\r\n\r\n"sv},
    {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"sv,
     "GET / HTTP/1.0\r\nHost: a\r\n\r\n"sv},
    {"absolute-form without Host", "GET http://a/ HTTP/1.1\r\n\r\n"sv,
     "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"sv},
    {"Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n"sv},
    {"Host with slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a-b\r\n\r\n"sv},
    {"Host with user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a:1\r\n\r\n"sv},
    {"Host list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: [::1]:1\r\n\r\n"sv},
    {"Host with high byte", "GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n"sv,
     "GET / HTTP/1.1\r\nHost: %C3%A9\r\n\r\n"sv},
    {"Host of control byte", "GET / HTTP/1.1\r\nHost: \x01\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost:\r\n\r\n"sv},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n"sv},
    {"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"no version", "GET /\r\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"two spaces after the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"sv,
     "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n"sv, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"field before the first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv,
     "GET / HTTP/1.1\r\nHost:  a\r\n\r\n"sv},
    {"CR in the target", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET /%0D HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
};

void expect_refused(std::string_view head, std::string_view what) {
  RequestHead parsed;
  const auto whole = RequestHead::parse(head, parsed);
  ASSERT_FALSE(whole.ok()) << what;
  EXPECT_EQ(whole.error().code, ErrorCode::kMalformedRequest) << what;
  // Nor does it pass when its bytes come one by one.
  std::size_t searched = 0;
  for (std::size_t n = 0; n <= head.size(); ++n) {
    const auto part = RequestHead::parse(head.substr(0, n), parsed, searched);
    if (!part.ok()) {
      EXPECT_EQ(part.error().reason.view(), whole.error().reason.view()) << what;
      return;
    }
    ASSERT_EQ(*part, 0U) << what;
  }
  ADD_FAILURE() << what;
}

void expect_accepted(std::string_view head, std::string_view what) {
  RequestHead parsed;
  const auto whole = RequestHead::parse(head, parsed);
  ASSERT_TRUE(whole.ok()) << what << ": " << whole.error().reason.view();
  EXPECT_EQ(*whole, head.size()) << what;
}

TEST(Smuggling, is_refused_in_fields_whose_neighbours_are_accepted) {
  const std::string before = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const Shape& shape : kFieldShapes) {
    expect_refused(before + std::string(shape.refused) + "\r\n", shape.what);
    expect_accepted(before + std::string(shape.accepted) + "\r\n", shape.what);
  }
}

TEST(Smuggling, is_refused_in_heads_whose_neighbours_are_accepted) {
  for (const Shape& shape : kHeadShapes) {
    expect_refused(shape.refused, shape.what);
    expect_accepted(shape.accepted, shape.what);
  }
}

TEST(Smuggling, finds_no_control_byte_that_passes_anywhere) {
  const std::string head = "POST /a?b HTTP/1.1\r\nHost: a\r\nX: b c\r\nContent-Length: 5\r\n\r\n";
  RequestHead parsed;
  for (std::size_t at = 0; at < head.size() - 4; ++at) {
    for (const char control : {'\0', '\x01', '\b', '\n', '\x0B', '\x0C', '\r', '\x1F', '\x7F'}) {
      std::string changed = head;
      if (changed[at] == '\r' || changed[at] == '\n') continue;
      changed[at] = control;
      EXPECT_FALSE(RequestHead::parse(changed, parsed).ok()) << at << " " << int{control};
    }
  }
}

}  // namespace
}  // namespace nes::http

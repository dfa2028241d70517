#include "http/request_head.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nes::http {
namespace {

constexpr std::string_view kWhole =
    "POST /v1/encrypt?a=b&c HTTP/1.1\r\n"
    "Host: nitro-enc-svc:8443\r\n"
    "User-Agent: client/1.0\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "X-Schema-Name: payments-v1\r\n"
    "Accept: */*\r\n"
    "Content-Length: 300\r\n"
    "\r\n";

// A head with the bytes that it views.
struct OwnedHead : RequestHead {
  std::string bytes;
};

Result<std::size_t> parse(std::string_view input, OwnedHead& head) {
  // A block of exactly this size, so that AddressSanitizer sees a read past the end.
  const std::unique_ptr<char[]> exact(new char[input.size()]);
  input.copy(exact.get(), input.size());
  const bool ok = RequestHead::parse({exact.get(), input.size()}, head).ok();
  head.bytes = input;
  auto parsed = RequestHead::parse(head.bytes, head);
  EXPECT_EQ(parsed.ok(), ok);
  return parsed;
}

// The size of the head, 0 when it is incomplete.
std::size_t size_of(std::string_view input, OwnedHead& head) {
  const auto parsed = parse(input, head);
  EXPECT_TRUE(parsed.ok()) << parsed.error().reason.view() << "\n" << input;
  return parsed.ok() ? *parsed : 0;
}

ErrorCode error_of(std::string_view input) {
  OwnedHead head;
  const auto parsed = parse(input, head);
  EXPECT_FALSE(parsed.ok()) << input;
  return parsed.ok() ? ErrorCode::kInternal : parsed.error().code;
}

std::string with_fields(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::string with_line(std::string_view line) { return std::string(line) + "\r\nHost: a\r\n\r\n"; }

TEST(RequestHead, has_the_parts_of_a_request) {
  OwnedHead head;
  EXPECT_EQ(size_of(kWhole, head), kWhole.size());
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(head.target, "/v1/encrypt?a=b&c");
  EXPECT_EQ(head.path, "/v1/encrypt");
  EXPECT_EQ(head.query, "a=b&c");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(head.framing, BodyFraming::kContentLength);
  EXPECT_EQ(head.content_length, 300U);
  ASSERT_EQ(head.field_count(), 6U);
  EXPECT_EQ(head.field(0).name, "Host");
  EXPECT_EQ(head.field(2).value, "application/json; charset=utf-8");
}

TEST(RequestHead, is_incomplete_at_every_truncation) {
  OwnedHead head;
  for (std::size_t n = 0; n < kWhole.size(); ++n) EXPECT_EQ(size_of(kWhole.substr(0, n), head), 0U) << n;
}

TEST(RequestHead, comes_out_the_same_one_byte_at_a_time) {
  const std::string input = "\r\n" + std::string(kWhole) + "rest";
  OwnedHead head;
  std::size_t searched = 0;
  std::size_t n = 0;
  for (;; ++n) {
    ASSERT_LE(n, input.size());
    const auto parsed = RequestHead::parse(std::string_view(input).substr(0, n), head, searched);
    ASSERT_TRUE(parsed.ok());
    if (*parsed != 0) break;
    EXPECT_EQ(searched, n);
  }
  EXPECT_EQ(n, kWhole.size() + 2);
  EXPECT_EQ(searched, 0U);
  EXPECT_EQ(head.path, "/v1/encrypt");
  EXPECT_EQ(head.content_length, 300U);
}

TEST(RequestHead, leaves_what_follows_to_the_next_request) {
  const std::string input = std::string(kWhole) + "GET /livez HTTP/1.0\r\n\r\n";
  OwnedHead head;
  const std::size_t first = size_of(input, head);
  ASSERT_EQ(first, kWhole.size());
  EXPECT_EQ(size_of(std::string_view(input).substr(first), head), input.size() - first);
  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.path, "/livez");
  EXPECT_EQ(head.query, "");
  EXPECT_EQ(head.minor_version, 0);
  EXPECT_EQ(head.framing, BodyFraming::kNone);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_EQ(head.field_count(), 0U);
}

TEST(RequestHead, skips_two_empty_lines_before_the_request_and_no_third) {
  OwnedHead head;
  EXPECT_EQ(size_of("\r\n" + std::string(kWhole), head), kWhole.size() + 2);
  EXPECT_EQ(size_of("\r\n\r\n" + std::string(kWhole), head), kWhole.size() + 4);
  EXPECT_EQ(head.path, "/v1/encrypt");
  for (const std::string_view empty : {"\r", "\r\n", "\r\n\r", "\r\n\r\n", "\r\n\r\n\r"})
    EXPECT_EQ(size_of(empty, head), 0U);
  EXPECT_EQ(error_of("\r\n\r\n\r\n" + std::string(kWhole)), ErrorCode::kMalformedRequest);
  EXPECT_EQ(error_of("\n" + std::string(kWhole)), ErrorCode::kMalformedRequest);
  EXPECT_EQ(error_of("\r" + std::string(kWhole)), ErrorCode::kMalformedRequest);
}

TEST(RequestHead, knows_its_methods_and_takes_any_other_token) {
  const std::pair<std::string_view, Method> methods[] = {{"GET", Method::kGet},
                                                         {"HEAD", Method::kHead},
                                                         {"POST", Method::kPost},
                                                         {"PUT", Method::kPut},
                                                         {"DELETE", Method::kDelete},
                                                         {"OPTIONS", Method::kOptions},
                                                         {"PATCH", Method::kPatch},
                                                         {"post", Method::kOther},
                                                         {"POSTS", Method::kOther},
                                                         {"M-SEARCH", Method::kOther},
                                                         {"!#$%&'*+-.^_`|~9", Method::kOther}};
  OwnedHead head;
  for (const auto& [name, method] : methods) {
    EXPECT_NE(size_of(with_line(std::string(name) + " / HTTP/1.1"), head), 0U);
    EXPECT_EQ(head.method, method) << name;
  }
  for (const std::string_view name : {"", "GE T", "G(T", "G\tT", "G\x01T", "G\xC3T", "\"GET\"", " GET"})
    EXPECT_EQ(error_of(with_line(std::string(name) + " / HTTP/1.1")), ErrorCode::kMalformedRequest);
}

TEST(RequestHead, splits_targets_of_all_accepted_forms) {
  struct Case {
    std::string_view target, path, query;
  };
  const Case cases[] = {{"/", "/", ""},
                        {"/?", "/", ""},
                        {"/a/b?c?d", "/a/b", "c?d"},
                        {"//a", "//a", ""},
                        {"/%2e%2E/\"<>\\^`{|}", "/%2e%2E/\"<>\\^`{|}", ""},
                        {"https://host:443/a?b", "/a", "b"},
                        {"HTTP://[::1]:80/a", "/a", ""},
                        {"http://host", "/", ""},
                        {"https://host?q=/x", "/", "q=/x"}};
  OwnedHead head;
  for (const Case& c : cases) {
    EXPECT_NE(size_of(with_line("GET " + std::string(c.target) + " HTTP/1.1"), head), 0U);
    EXPECT_EQ(head.target, c.target);
    EXPECT_EQ(head.path, c.path);
    EXPECT_EQ(head.query, c.query);
  }
  EXPECT_NE(size_of(with_line("OPTIONS * HTTP/1.1"), head), 0U);
  EXPECT_EQ(head.path, "*");
}

TEST(RequestHead, refuses_targets_of_other_forms) {
  for (const std::string_view target :
       {"", "*", "a", "host:443", "?q", "/a b", "/a#b", "/\t", "/\x7F", "/\x80", "ftp://host/",
        "https:/host/", "https://", "https:///a", "https://?q", "http://user@host/", "http://a,b/",
        "http://a\"b/", "/\x01"})
    EXPECT_EQ(error_of(with_line("GET " + std::string(target) + " HTTP/1.1")), ErrorCode::kMalformedRequest)
        << target;
  EXPECT_EQ(error_of(with_line("OPTIONS ** HTTP/1.1")), ErrorCode::kMalformedRequest);
  EXPECT_EQ(error_of(with_line("CONNECT host:443 HTTP/1.1")), ErrorCode::kMalformedRequest);
}

TEST(RequestHead, takes_http_1_0_and_1_1_and_names_other_versions_by_their_own_error) {
  OwnedHead head;
  EXPECT_NE(size_of(with_line("GET / HTTP/1.1"), head), 0U);
  EXPECT_NE(size_of(with_line("GET / HTTP/1.0"), head), 0U);
  for (const std::string_view version : {"HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0"})
    EXPECT_EQ(error_of(with_line("GET / " + std::string(version))), ErrorCode::kHttpVersion) << version;
  for (const std::string_view version :
       {"", "http/1.1", "HTTP/1", "HTTP/2", "HTTP/1.", "HTTP/1.11", "HTTP/11.1", "HTTP/1,1", "HTTP/1.1 ",
        " HTTP/1.1", "HTTP/1.1\t", "HTTP 1.1", "HTTPS/1.1", "HTTP/-1.1", "HTTP/1.x", "XTTP/1.1",
        "HTTP/1.1\r"})
    EXPECT_EQ(error_of(with_line("GET / " + std::string(version))), ErrorCode::kMalformedRequest) << version;
  EXPECT_EQ(error_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ErrorCode::kHttpVersion);
}

TEST(RequestHead, keeps_the_connection_as_its_version_and_options_say) {
  struct Case {
    std::string_view fields;
    bool in_1_0, in_1_1;
  };
  const Case cases[] = {{"", false, true},
                        {"Connection: close\r\n", false, false},
                        {"Connection: keep-alive\r\n", true, true},
                        {"connection: Keep-Alive, TE\r\n", true, true},
                        {"Connection: TE ,\tCLOSE\r\n", false, false},
                        {"Connection: keep-alive\r\nConnection: close\r\n", false, false},
                        {"Connection: close, keep-alive\r\n", false, false},
                        {"Connection: , ,\r\n", false, true},
                        {"Connection:\r\n", false, true},
                        {"Connection: closed\r\n", false, true}};
  OwnedHead head;
  for (const Case& c : cases) {
    EXPECT_NE(size_of("GET / HTTP/1.0\r\nHost: a\r\n" + std::string(c.fields) + "\r\n", head), 0U);
    EXPECT_EQ(head.keep_alive, c.in_1_0) << c.fields;
    EXPECT_NE(size_of(with_fields(c.fields), head), 0U);
    EXPECT_EQ(head.keep_alive, c.in_1_1) << c.fields;
  }
  for (const std::string_view value : {"close keep-alive", "close;x", "cl\xC3se", "\"close\""})
    EXPECT_EQ(error_of(with_fields("Connection: " + std::string(value) + "\r\n")),
              ErrorCode::kMalformedRequest);
}

TEST(RequestHead, expects_a_100_only_for_a_body_in_http_1_1) {
  OwnedHead head;
  EXPECT_NE(size_of(with_fields("Expect: 100-Continue\r\nContent-Length: 1\r\n"), head), 0U);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_NE(size_of(with_fields("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), head), 0U);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_NE(size_of(with_fields("Expect: 100-continue\r\nContent-Length: 0\r\n"), head), 0U);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_NE(size_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", head), 0U);
  EXPECT_FALSE(head.expect_continue);
  for (const std::string_view value : {"", "200-ok", "100-continue, x", "100-continuex", "100"})
    EXPECT_EQ(error_of(with_fields("Expect: " + std::string(value) + "\r\n")), ErrorCode::kMalformedRequest);
}

TEST(RequestHead, finds_the_only_field_of_a_name_in_any_case) {
  OwnedHead head;
  EXPECT_NE(
      size_of(with_fields("X-One: \t 1 2\t \r\nX-Two: a\r\nx-two: a\r\nX-Empty:\r\nX-Text: \xC3\xA9\r\n"),
              head),
      0U);
  const auto one = head.find_single("x-oNE");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(*one, "1 2");
  ASSERT_TRUE(head.find_single("X-Empty").ok());
  EXPECT_EQ(*head.find_single("X-Empty"), "");
  EXPECT_EQ(*head.find_single("X-Text"), "\xC3\xA9");
  ASSERT_TRUE(head.find_single("X-On").ok());
  EXPECT_FALSE(head.find_single("X-On")->has_value());
  ASSERT_FALSE(head.find_single("X-Two").ok());
  EXPECT_EQ(head.find_single("X-Two").error().code, ErrorCode::kMalformedRequest);
}

TEST(RequestHead, takes_as_many_fields_as_the_limit_and_no_more) {
  OwnedHead head;
  std::string fields;
  for (std::size_t n = 2; n < limits::kHttpHeaders; ++n) fields += "A: b\r\n";
  EXPECT_NE(size_of(with_fields(fields), head), 0U);
  EXPECT_EQ(head.field_count(), limits::kHttpHeaders - 1);
  EXPECT_NE(size_of(with_fields(fields + "A: b\r\n"), head), 0U);
  EXPECT_EQ(head.field_count(), limits::kHttpHeaders);
  EXPECT_EQ(error_of(with_fields(fields + "A: b\r\nA: b\r\n")), ErrorCode::kHeadersTooLarge);
}

TEST(RequestHead, takes_as_many_bytes_as_the_limit_and_no_more) {
  const auto head_of_size = [](std::size_t size) {
    const std::size_t rest = with_fields("A: \r\n").size();
    return with_fields("A: " + std::string(size - rest, 'x') + "\r\n");
  };
  OwnedHead head;
  const std::size_t limit = limits::kHttpHeadBytes;
  EXPECT_EQ(size_of(head_of_size(limit - 1), head), limit - 1);
  EXPECT_EQ(size_of(head_of_size(limit), head), limit);
  EXPECT_EQ(size_of(head_of_size(limit) + "body", head), limit);
  EXPECT_EQ(error_of(head_of_size(limit + 1)), ErrorCode::kHeadersTooLarge);
  const std::string endless(limit, 'x');
  EXPECT_EQ(size_of(std::string_view(endless).substr(1), head), 0U);
  EXPECT_EQ(error_of(endless), ErrorCode::kHeadersTooLarge);
}

TEST(RequestHead, takes_a_target_as_long_as_the_limit_and_no_longer) {
  const auto with_target = [](std::size_t size) {
    return with_line("GET /" + std::string(size - 1, 'x') + " HTTP/1.1");
  };
  OwnedHead head;
  EXPECT_NE(size_of(with_target(limits::kHttpTargetBytes - 1), head), 0U);
  EXPECT_NE(size_of(with_target(limits::kHttpTargetBytes), head), 0U);
  EXPECT_EQ(head.path.size(), limits::kHttpTargetBytes);
  EXPECT_EQ(error_of(with_target(limits::kHttpTargetBytes + 1)), ErrorCode::kHeadersTooLarge);
}

TEST(RequestHead, keeps_nothing_of_the_request_before) {
  OwnedHead head;
  EXPECT_NE(size_of("POST http://a?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n",
                    head),
            0U);
  EXPECT_NE(size_of("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", head), 0U);
  EXPECT_EQ(head.query, "");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(head.framing, BodyFraming::kNone);
  EXPECT_EQ(head.field_count(), 1U);
}

TEST(RequestHead, says_where_it_went_wrong) {
  OwnedHead head;
  const std::string input = with_fields("A : b\r\n");
  const auto parsed = RequestHead::parse(input, head);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().position, input.find(" : "));
}

}  // namespace
}  // namespace nes::http

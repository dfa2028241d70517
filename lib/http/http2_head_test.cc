#include "http/http2_head.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "http/http2_budget.h"
#include "http/request_head.h"

namespace nes::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kGet = {{":method", "GET"}, {":scheme", "https"}, {":path", "/a?b=1"}, {":authority", "h:1"}};

bool read(const Fields& fields, Http2Head& head) {
  head.clear();
  for (const auto& [name, value] : fields)
    if (!head.add(name, value)) return false;
  return head.finish();
}

Fields with(Fields fields, const std::string& name, const std::string& value) {
  fields.emplace_back(name, value);
  return fields;
}

Fields replaced(Fields fields, std::size_t i, const std::string& value) {
  fields[i].second = value;
  return fields;
}

TEST(Http2Head, is_spelled_as_a_head_that_the_parser_of_http_1_1_reads) {
  Http2Head head;
  ASSERT_TRUE(read(with(kGet, "x-schema-name", "payments-v1"), head));
  EXPECT_EQ(head.text(), "GET /a?b=1 HTTP/1.1\r\nHost: h:1\r\nx-schema-name: payments-v1\r\n\r\n");
  RequestHead parsed;
  const auto size = RequestHead::parse(head.text(), parsed);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, head.text().size());
  EXPECT_EQ(parsed.path, "/a");
  EXPECT_EQ(parsed.query, "b=1");
}

TEST(Http2Head, refuses_what_could_break_out_of_the_spelling) {
  Http2Head head;
  ASSERT_TRUE(read(with(kGet, "x-a", "1"), head));
  for (const char* bad : {"1\r\nx-b: 2", "1\n", "\r", "\x7f"})
    EXPECT_FALSE(read(with(kGet, "x-a", bad), head)) << bad;
  EXPECT_FALSE(read(with(kGet, "x-a", std::string("a\0b", 3)), head));
  for (const char* name : {"x a", "x:a", "X-a", "", "x\r", "x\n"})
    EXPECT_FALSE(read(with(kGet, name, "1"), head)) << name;
  for (const char* method : {"GET /", "", "G\r\n"}) EXPECT_FALSE(read(replaced(kGet, 0, method), head));
  for (const char* path : {"", "a", "/a HTTP/1.1", "/\r\n", "/\x7f", "http://h/"})
    EXPECT_FALSE(read(replaced(kGet, 2, path), head)) << path;
  for (const char* host : {"", "h\r\nx: 1", "h, i", "h i"})
    EXPECT_FALSE(read(replaced(kGet, 3, host), head)) << host;
}

TEST(Http2Head, refuses_fields_of_a_connection) {
  Http2Head head;
  for (const char* name : {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"})
    EXPECT_FALSE(read(with(kGet, name, "x"), head)) << name;
  EXPECT_FALSE(read(with(kGet, "te", "gzip"), head));
  EXPECT_TRUE(read(with(kGet, "te", "trailers"), head));
}

TEST(Http2Head, takes_host_for_authority_but_no_second_opinion) {
  Http2Head head;
  Fields bare = kGet;
  bare.pop_back();
  EXPECT_FALSE(read(bare, head));
  ASSERT_TRUE(read(with(bare, "host", "h"), head));
  EXPECT_EQ(head.text(), "GET /a?b=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(read(with(kGet, "host", "H:1"), head));
  EXPECT_FALSE(read(with(kGet, "host", "h:2"), head));
  EXPECT_FALSE(read(with(with(bare, "host", "h"), "host", "h"), head));
}

TEST(Http2Head, is_empty_over_its_limits_and_whole_at_them) {
  Http2Head head;
  std::size_t used = 0;
  for (const auto& [name, value] : kGet) used += name.size() + value.size() + 32;
  const std::size_t room = limits::kHttpHeadBytes - used - 32 - 3;
  ASSERT_TRUE(read(with(kGet, "x-a", std::string(room, 'a')), head));
  EXPECT_FALSE(head.too_large());
  EXPECT_FALSE(head.text().empty());
  ASSERT_TRUE(read(with(kGet, "x-a", std::string(room + 1, 'a')), head));
  EXPECT_TRUE(head.too_large());
  EXPECT_TRUE(head.text().empty());

  Fields many = kGet;  // Host is one of them
  while (many.size() < kGet.size() + limits::kHttpHeaders - 1) many.emplace_back("x", "1");
  ASSERT_TRUE(read(many, head));
  EXPECT_FALSE(head.too_large());
  RequestHead parsed;
  EXPECT_TRUE(RequestHead::parse(head.text(), parsed).ok());
  ASSERT_TRUE(read(with(many, "x", "1"), head));
  EXPECT_TRUE(head.too_large());
}

TEST(Http2Head, neither_keeps_nor_looks_at_what_is_over_its_limits) {
  Http2Head head;
  ASSERT_TRUE(read(with(kGet, "x-a", "1"), head));
  EXPECT_GT(head.held(), 0U);
  ASSERT_TRUE(read(with(with(kGet, "x-a", std::string(limits::kHttpHeadBytes, 'a')), "X A", "\r\n"), head));
  EXPECT_TRUE(head.too_large());
  EXPECT_EQ(head.held(), 0U);
  ASSERT_TRUE(read(kGet, head)) << "the next list is another one";
  EXPECT_FALSE(head.text().empty());
  head.clear();
  EXPECT_EQ(head.held(), 0U);
}

TEST(Http2Head, is_endless_one_byte_over_four_times_its_limit) {
  Http2Head head;
  std::size_t used = 0;
  for (const auto& [name, value] : kGet) used += name.size() + value.size() + 32;
  const std::size_t room = 4 * limits::kHttpHeadBytes - used - 32 - 3;
  ASSERT_TRUE(read(with(kGet, "x-a", std::string(room, 'a')), head));
  EXPECT_FALSE(head.is_endless());
  ASSERT_TRUE(read(with(kGet, "x-a", std::string(room + 1, 'a')), head));
  EXPECT_TRUE(head.is_endless());
  head.clear();
  EXPECT_FALSE(head.is_endless());
}

TEST(Http2Budget, is_spent_refilled_by_time_and_earned_by_answers) {
  Http2Budget budget;
  for (std::uint32_t i = 0; i < limits::kHttp2Budget; ++i) ASSERT_TRUE(budget.spend(1, 5'000));
  EXPECT_FALSE(budget.spend(1, 5'999));
  EXPECT_TRUE(budget.spend(0, 5'999));
  EXPECT_TRUE(budget.spend(limits::kHttp2BudgetPerSecond, 6'000));
  EXPECT_FALSE(budget.spend(1, 6'000));
  budget.earn_by_answer();
  EXPECT_TRUE(budget.spend(limits::kHttp2BudgetPerAnswer, 6'000));
  EXPECT_FALSE(budget.spend(1, 6'000));
  budget.earn_by_data(Http2Budget::kPayingDataBytes - 1);
  EXPECT_FALSE(budget.spend(1, 6'000));
  budget.earn_by_data(Http2Budget::kPayingDataBytes);
  EXPECT_TRUE(budget.spend(2, 6'000));
  EXPECT_FALSE(budget.spend(1, 6'000));
  EXPECT_TRUE(budget.spend(limits::kHttp2Budget, 1'000'000'000));
  EXPECT_FALSE(budget.spend(1, 1'000'000'000));
}

}  // namespace
}  // namespace nes::http

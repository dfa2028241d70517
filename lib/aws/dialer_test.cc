#include "aws/dialer.h"

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

std::string outcome(const std::string& answer, bool byte_by_byte = false) {
  MovedClock clock;
  FakeServer proxy([&](const std::string&, std::size_t) { return answer; });
  if (byte_by_byte) proxy.answer_byte_by_byte();
  ConnectDialer dialer(proxy.endpoint(), clock);
  const auto dialled = dialer.dial("kms.us-east-1.amazonaws.com", 443, 5000);
  if (!dialled.ok())
    return base::error_code_name(dialled.error().code) + std::to_string(dialled.error().position);
  EXPECT_EQ(
      proxy.requests().at(0),
      "CONNECT kms.us-east-1.amazonaws.com:443 HTTP/1.1\r\nHost: kms.us-east-1.amazonaws.com:443\r\n\r\n");
  return "connected";
}

TEST(ConnectDialer, asks_the_proxy_for_the_host) {
  EXPECT_EQ(outcome("HTTP/1.1 200 Connection established\r\n\r\n"), "connected");
  EXPECT_EQ(outcome("HTTP/1.1 200 \r\nVia: x\r\n\r\n", true), "connected");
}

TEST(ConnectDialer, takes_nothing_but_2xx_for_a_tunnel) {
  EXPECT_EQ(outcome("HTTP/1.1 403 Forbidden\r\n\r\n"), "not_allowed403");
  EXPECT_EQ(outcome("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "io502");
  EXPECT_EQ(outcome("HTTP/1.1 301 Moved\r\n\r\n"), "io301");
  EXPECT_EQ(outcome("HTTP/1.1 100 Continue\r\n\r\n"), "io100");
}

TEST(ConnectDialer, refuses_answers_that_are_none) {
  EXPECT_EQ(outcome(""), "truncated0");
  EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n"), "truncated0");
  EXPECT_EQ(outcome("OK 1\n"), "malformed4");
  EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n\r\nearly"), "malformed0");
  EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\nA: " + std::string(limits::kHttpHeadBytes, 'x')).substr(0, 5),
            "limit");
}

TEST(ConnectDialer, refuses_hosts_that_could_say_more_than_a_name) {
  MovedClock clock;
  ConnectDialer dialer({.host = "127.0.0.1", .port = 1}, clock);
  for (const std::string& host : {std::string(), std::string("a b"), std::string("a\r\nb"),
                                  std::string("a:1"), std::string("a/b"), std::string(254, 'a')})
    EXPECT_EQ(dialer.dial(host, 443, 1000).error().code, ErrorCode::kMalformed) << host;
  EXPECT_EQ(dialer.dial("a", 443, 1000).error().code, ErrorCode::kIo);  // nobody listens
}

TEST(ConnectDialer, ends_when_its_time_is_up) {
  MovedClock clock;
  FakeServer proxy([](const std::string&, std::size_t) { return std::string("HTTP/1.1 200"); });
  proxy.hold_after_answer();
  ConnectDialer dialer(proxy.endpoint(), clock);
  EXPECT_EQ(dialer.dial("a", 443, 50).error().code, ErrorCode::kTimeout);
}

TEST(PortsDialer, leads_each_service_to_its_own_port) {
  for (const auto& [host, offset] : {std::pair{"kms.us-east-1.amazonaws.com", 1},
                                     {"secretsmanager.us-east-1.amazonaws.com", 2},
                                     {"s3.us-east-1.amazonaws.com", 3},
                                     {"my-bucket.s3.us-east-1.amazonaws.com", 3},
                                     {"169.254.169.254", 4}}) {
    FakeServer server([](const std::string&, std::size_t) { return std::string(); });
    os::Endpoint base = server.endpoint();
    base.port -= static_cast<std::uint32_t>(offset);
    EXPECT_TRUE(PortsDialer(base).dial(host, 443, 1000).ok()) << host;
  }
  for (const char* host : {"credentials", "sts.us-east-1.amazonaws.com", "example.com", ""})
    EXPECT_EQ(PortsDialer({.host = "127.0.0.1", .port = 1}).dial(host, 443, 1000).error().code,
              ErrorCode::kNotFound)
        << host;
}

}  // namespace
}  // namespace nes::aws

#include "aws/client.h"

#include <csignal>

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "base/limits.h"
#include "tls/identity.h"

namespace nes::aws {
namespace {

Call get_call(std::size_t max_answer_bytes = 1000) {
  return {.service = Service::kS3,
          .method = http::Method::kGet,
          .host_prefix = {},
          .path = "/b",
          .query = {{"x", "y z"}},
          .headers = {},
          .body = {},
          .max_answer_bytes = max_answer_bytes};
}

TEST(Client, signs_and_sends_a_request_and_returns_the_answer) {
  FakeAws aws([](const std::string&, std::size_t) { return answer_of(200, "hello", "ETag: \"e\"\r\n"); });
  const auto answer = aws.client.call(get_call());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(as_text(answer->body.reveal()), "hello");
  EXPECT_EQ(answer->header("etag"), "\"e\"");
  const std::string request = aws.server.requests().at(0);
  EXPECT_TRUE(request.starts_with("GET /b?x=y%20z HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n")) << request;
  EXPECT_NE(request.find("authorization: AWS4-HMAC-SHA256 Credential=AKID1/"), std::string::npos);
  EXPECT_NE(request.find("x-amz-security-token: token\r\n"), std::string::npos);
  EXPECT_NE(request.find("Connection: close\r\n"), std::string::npos);
}

TEST(Client, reads_answers_that_come_byte_by_byte_in_every_framing) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}) {
    FakeAws aws([&](const std::string&, std::size_t) { return answer; });
    aws.server.answer_byte_by_byte();
    const auto got = aws.client.call(get_call());
    ASSERT_TRUE(got.ok()) << answer;
    EXPECT_EQ(as_text(got->body.reveal()), "hello");
  }
}

TEST(Client, does_not_wait_for_the_end_of_the_connection_behind_a_sized_body) {
  FakeAws aws([](const std::string&, std::size_t) { return answer_of(200, "hello"); });
  aws.server.hold_after_answer();
  EXPECT_TRUE(aws.client.call(get_call()).ok());
}

TEST(Client, tries_throttled_failed_and_broken_calls_again) {
  for (const std::string& bad :
       {answer_of(400, R"({"__type":"ThrottlingException"})"),
        answer_of(503, "<Error><Code>SlowDown</Code></Error>"), answer_of(429, ""), answer_of(500, "garbage"),
        std::string(), std::string("HTTP/1.1 200 OK\r\nConte"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")}) {
    FakeAws aws(
        [&](const std::string&, std::size_t number) { return number < 2 ? bad : answer_of(200, "hello"); });
    EXPECT_TRUE(aws.client.call(get_call()).ok()) << bad;
    // Half of 200 and of 400 ms fixed, the other half at its largest.
    EXPECT_EQ(aws.pauses, (std::vector<std::int64_t>{199, 399})) << bad;
  }
}

TEST(Client, gives_up_after_its_attempts_with_the_last_error) {
  FakeAws aws([](const std::string&, std::size_t) { return answer_of(503, ""); });
  const auto answer = aws.client.call(get_call());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(remote_code_of(answer.error()), RemoteCode::kThrottled);
  EXPECT_EQ(answer.error().position, 503U);
  EXPECT_EQ(aws.server.requests().size(), static_cast<std::size_t>(limits::kAwsAttempts));
}

TEST(Client, waits_as_long_as_retry_after_says) {
  FakeAws aws([](const std::string&, std::size_t number) {
    return number == 0 ? answer_of(503, "", "Retry-After: 7\r\n") : answer_of(200, "");
  });
  EXPECT_TRUE(aws.client.call(get_call()).ok());
  EXPECT_EQ(aws.pauses, std::vector<std::int64_t>{7000});
}

TEST(Client, gives_up_at_once_if_retry_after_is_beyond_its_time) {
  FakeAws aws([](const std::string&, std::size_t) { return answer_of(503, "", "Retry-After: 3600\r\n"); });
  EXPECT_FALSE(aws.client.call(get_call()).ok());
  EXPECT_TRUE(aws.pauses.empty());
}

TEST(Client, does_not_repeat_what_is_refused_or_is_no_http) {
  for (const std::string& bad :
       {answer_of(403, "<Error><Code>AccessDenied</Code></Error>"), answer_of(404, ""), answer_of(400, "{}"),
        answer_of(301, ""), std::string("SSH-2.0-OpenSSH\r\n\r\n"), std::string("HTTP/1.1 101 X\r\n\r\n"),
        answer_of(200, std::string(1001, 'x'))}) {
    FakeAws aws([&](const std::string&, std::size_t) { return bad; });
    EXPECT_FALSE(aws.client.call(get_call()).ok()) << bad;
    EXPECT_EQ(aws.server.requests().size(), 1U) << bad;
  }
}

TEST(Client, holds_the_limit_of_the_body_and_gives_refusals_their_own) {
  FakeAws aws([](const std::string& request, std::size_t) {
    if (request.find("/b?x") != std::string::npos) return answer_of(200, "12345");
    return answer_of(404, "<Error><Code>NoSuchKey</Code></Error>");
  });
  EXPECT_TRUE(aws.client.call(get_call(5)).ok());
  EXPECT_EQ(aws.client.call(get_call(4)).error().code, ErrorCode::kLimit);
  Call missing = get_call(4);
  missing.path = "/c";
  EXPECT_EQ(remote_code_of(aws.client.call(missing).error()), RemoteCode::kNotFound);
}

TEST(Client, stops_reading_a_huge_body_that_announces_no_length) {
  FakeAws aws([](const std::string&, std::size_t) {
    return "HTTP/1.1 200 OK\r\n\r\n" + std::string(std::size_t{4} << 20, 'x');
  });
  EXPECT_EQ(aws.client.call(get_call(100'000)).error().code, ErrorCode::kLimit);
}

TEST(Client, learns_the_services_clock_and_signs_by_it) {
  for (const std::int64_t moved_ms : {-600'000, 600'000}) {
    for (const char* code : {"RequestTimeTooSkewed", "SignatureDoesNotMatch"}) {
      FakeAws aws([&](const std::string&, std::size_t number) {
        return number == 0 ? answer_of(403, std::string("<Error><Code>") + code + "</Code></Error>",
                                       "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n")
                           : answer_of(200, "");
      });
      aws.clock.moved_ms = 1'767'323'045'000 - aws.clock.unix_ms() + moved_ms;
      EXPECT_TRUE(aws.client.call(get_call()).ok());
      EXPECT_NEAR(static_cast<double>(aws.client.clock_offset_ms()), static_cast<double>(-moved_ms), 5000.0);
      EXPECT_NE(aws.server.requests().at(1).find("x-amz-date: 20260102T0304"), std::string::npos);
      EXPECT_TRUE(aws.pauses.empty());
    }
  }
}

TEST(Client, does_not_repeat_a_refused_signature_if_the_clocks_agree_or_the_date_is_unknown) {
  for (const char* date : {"", "Date: yesterday\r\n", "Date: Fri, 02 Jan 2026 03:04:35 GMT\r\n"}) {
    FakeAws aws([&](const std::string&, std::size_t) {
      return answer_of(403, R"({"__type":"InvalidSignatureException"})", date);
    });
    aws.clock.moved_ms = 1'767'323'045'000 - aws.clock.unix_ms();
    EXPECT_EQ(remote_code_of(aws.client.call(get_call()).error()), RemoteCode::kSignature);
    EXPECT_EQ(aws.server.requests().size(), 1U);
    EXPECT_EQ(aws.client.clock_offset_ms(), 0);
  }
}

TEST(Client, learns_the_clock_once_a_call) {
  FakeAws aws([](const std::string&, std::size_t number) {
    return answer_of(
        403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
        number == 0 ? "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n" : "Date: Fri, 02 Jan 2015 03:04:05 GMT\r\n");
  });
  EXPECT_EQ(remote_code_of(aws.client.call(get_call()).error()), RemoteCode::kClockSkew);
  EXPECT_EQ(aws.server.requests().size(), 2U);
}

TEST(Client, asks_for_new_credentials_once_when_they_are_refused) {
  FakeAws aws([](const std::string& request, std::size_t) {
    return request.find("Credential=AKID1/") != std::string::npos
               ? answer_of(400, R"({"__type":"ExpiredTokenException"})")
               : answer_of(200, "");
  });
  EXPECT_TRUE(aws.client.call(get_call()).ok());
  EXPECT_EQ(aws.source.fetched, 2);
  FakeAws never([](const std::string&, std::size_t) {
    return answer_of(400, R"({"__type":"UnrecognizedClientException"})");
  });
  EXPECT_EQ(remote_code_of(never.client.call(get_call()).error()), RemoteCode::kExpiredCredentials);
  EXPECT_EQ(never.source.fetched, 2);
}

TEST(Client, refuses_a_request_that_would_break_its_own_head) {
  FakeAws aws([](const std::string&, std::size_t) { return answer_of(200, ""); });
  Call call = get_call();
  call.headers = {{"x", "a\r\nb: c"}};
  EXPECT_EQ(aws.client.call(call).error().code, ErrorCode::kMalformed);
  call = get_call();
  call.path = "/a b";
  EXPECT_EQ(aws.client.call(call).error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(aws.server.requests().empty());
}

TEST(Client, uses_the_names_of_the_region) {
  FakeAws aws([](const std::string&, std::size_t) { return std::string(); });
  for (const auto& [region, host] : {std::pair{"us-east-1", "b.s3.us-east-1.amazonaws.com:443"},
                                     {"cn-north-1", "b.s3.cn-north-1.amazonaws.com.cn:443"}}) {
    FixedDialer dialer(aws.server.endpoint());
    Client client({dialer, nullptr, aws.clock}, aws.credentials, system_pacing(), {.region = region});
    Call call = get_call();
    call.host_prefix = "b.";
    EXPECT_EQ(client.call(call).error().code, ErrorCode::kConfig);  // no CA bundle
    EXPECT_EQ(dialer.hosts, std::vector<std::string>{host});
  }
}

TEST(Exchange, speaks_tls_with_the_server_it_asked_for_and_no_other) {
  ::signal(SIGPIPE, SIG_IGN);
  MovedClock clock;
  const auto boot = tls::BootIdentity::create(clock.unix_ms()).value();
  const std::vector<std::string> names{"kms.us-east-1.amazonaws.com"};
  const auto server_context = tls::ServerContext::create(boot->issue(names, clock.unix_ms(), {}).value(),
                                                         tls::TicketKey::create().value(), {})
                                  .value();
  FakeServer server(
      [](const std::string&, std::size_t) { return std::string("HTTP/1.1 200 OK\r\n\r\nhello"); },
      server_context);
  FixedDialer dialer(server.endpoint());
  const Transport transport{dialer, tls::ClientContext::create(boot->ca_pem()).value(), clock};
  const HttpRequest request{http::Method::kGet, "/", {}, {}};
  const auto answer = exchange(transport, {.host = names[0]}, request, 100, 5000);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(as_text(answer->body.reveal()), "hello");
  EXPECT_EQ(exchange(transport, {.host = "s3.us-east-1.amazonaws.com"}, request, 100, 5000).error().code,
            ErrorCode::kIo);
}

TEST(Exchange, ends_when_its_time_is_up) {
  MovedClock clock;
  for (const char* answer : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\nhel"}) {
    FakeServer server([&](const std::string&, std::size_t) { return answer; });
    server.hold_after_answer();
    FixedDialer dialer(server.endpoint());
    const auto got = exchange({dialer, nullptr, clock}, {.tls = false, .host = "h", .port = 80},
                              {http::Method::kGet, "/", {}, {}}, 100, 60);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, ErrorCode::kTimeout) << answer;
  }
}

}  // namespace
}  // namespace nes::aws

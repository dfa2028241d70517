#include "aws/credentials.h"

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

constexpr const char* kAnswer =
    R"({"AccessKeyId":"AKID","SecretAccessKey":"s/k","Token":"tok","Expiration":"2026-01-02T03:04:05Z","X":1})";

std::string id_of(const Result<std::shared_ptr<const Credentials>>& got) {
  return got.ok() ? (*got)->access_key_id : std::string("!") + base::error_code_name(got.error().code);
}

// Credentials numbered from 1 that live for `lifetime_ms`, or an error.
class ScriptedSource final : public CredentialsSource {
 public:
  explicit ScriptedSource(const Clock& clock) : clock_(clock) {}
  Result<Credentials> fetch() override {
    ++fetched;
    if (failing) return Error{ErrorCode::kIo, "down"};
    return Credentials{std::to_string(fetched), secret::SecretBytes::copy_of(as_bytes("k")), "t",
                       clock_.unix_ms() + lifetime_ms};
  }
  int fetched = 0;
  bool failing = false;
  std::int64_t lifetime_ms = 3'600'000;

 private:
  const Clock& clock_;
};

struct Provided {
  MovedClock clock;
  ScriptedSource source{clock};
  CredentialsProvider provider{source, clock, [](std::uint64_t bound) { return bound - 1; }};
};

TEST(Credentials, are_read_from_what_the_sources_answer) {
  const auto credentials = parse_credentials(kAnswer);
  ASSERT_TRUE(credentials.ok());
  EXPECT_EQ(credentials->access_key_id, "AKID");
  EXPECT_EQ(as_text(credentials->secret_access_key.reveal()), "s/k");
  EXPECT_EQ(credentials->session_token, "tok");
  EXPECT_EQ(credentials->expires_unix_ms, 1'767'323'045'000);
}

TEST(Credentials, of_another_shape_are_refused) {
  const auto without = [](const std::string& piece, const std::string& instead) {
    std::string text = kAnswer;
    return parse_credentials(text.replace(text.find(piece), piece.size(), instead)).error().code;
  };
  EXPECT_EQ(without("\"AKID\"", "null"), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"AKID\"", "\"\""), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"AKID\"", "\"A\\r\\nB: c\""), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"s/k\"", "\"\""), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"tok\"", "5"), ErrorCode::kMalformed);
  EXPECT_EQ(without("2026-01", "2026-13"), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"X\":1", "\"Token\":\"t\""), ErrorCode::kMalformed);
  EXPECT_EQ(without("\"X\":1", "\"Code\":\"AssumeRoleUnauthorizedAccess\""), ErrorCode::kNotReady);
}

TEST(EgressCredentials, come_from_the_proxys_own_host) {
  MovedClock clock;
  FakeServer server([](const std::string&, std::size_t number) {
    return number == 0 ? answer_of(200, kAnswer) : answer_of(502, "");
  });
  FixedDialer dialer(server.endpoint());
  EgressCredentials source({dialer, nullptr, clock});
  EXPECT_TRUE(source.fetch().ok());
  EXPECT_EQ(dialer.hosts, std::vector<std::string>{"credentials:80"});
  EXPECT_TRUE(server.requests()[0].starts_with("GET /v1/credentials HTTP/1.1\r\nHost: credentials\r\n"));
  EXPECT_EQ(source.fetch().error().position, 502U);
}

std::string imds(const std::string& request) {
  if (request.starts_with("PUT /latest/api/token HTTP/1.1\r\n") &&
      request.find("X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n") != std::string::npos)
    return answer_of(200, "session==");
  if (request.find("X-aws-ec2-metadata-token: session==\r\n") == std::string::npos) return answer_of(401, "");
  if (request.starts_with("GET /latest/meta-data/iam/security-credentials/ "))
    return answer_of(200, "node-role\nother-role");
  if (request.starts_with("GET /latest/meta-data/iam/security-credentials/node-role "))
    return answer_of(200, kAnswer);
  return answer_of(404, "");
}

TEST(ImdsCredentials, come_by_token_and_role) {
  MovedClock clock;
  FakeServer server([](const std::string& request, std::size_t) { return imds(request); });
  FixedDialer dialer(server.endpoint());
  ImdsCredentials source({dialer, nullptr, clock});
  const auto credentials = source.fetch();
  ASSERT_TRUE(credentials.ok());
  EXPECT_EQ(credentials->access_key_id, "AKID");
  EXPECT_EQ(dialer.hosts, std::vector<std::string>(3, "169.254.169.254:80"));
}

TEST(ImdsCredentials, are_refused_where_a_step_answers_something_else) {
  for (std::size_t step = 0; step < 3; ++step) {
    for (const std::string& bad :
         {answer_of(200, ""), answer_of(200, "../x y"), answer_of(404, ""), std::string()}) {
      MovedClock clock;
      FakeServer server([&](const std::string& request, std::size_t number) {
        return number == step ? bad : imds(request);
      });
      FixedDialer dialer(server.endpoint());
      EXPECT_FALSE(ImdsCredentials({dialer, nullptr, clock}).fetch().ok()) << step << bad;
    }
  }
}

TEST(CredentialsProvider, keeps_credentials_until_shortly_before_they_expire) {
  Provided with;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  constexpr std::int64_t kEarlyMs = limits::kAwsCredentialsEarlyMs + limits::kAwsCredentialsJitterMs;
  with.clock.slept_ms += 3'600'000 - kEarlyMs - 1000;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  with.clock.slept_ms += 2000;
  EXPECT_EQ(id_of(with.provider.get()), "2");
}

TEST(CredentialsProvider, keeps_the_last_good_ones_while_they_last_and_does_not_hammer) {
  Provided with;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  with.source.failing = true;
  with.clock.slept_ms += 3'600'000 - 200'000;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  EXPECT_EQ(id_of(with.provider.get()), "1");
  EXPECT_EQ(with.source.fetched, 2);
  with.clock.slept_ms += limits::kAwsCredentialsRetryMs;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  EXPECT_EQ(with.source.fetched, 3);
  with.clock.slept_ms += 200'000;
  EXPECT_EQ(id_of(with.provider.get()), "!io");
  with.source.failing = false;
  EXPECT_EQ(id_of(with.provider.get()), "5");
}

TEST(CredentialsProvider, never_gives_expired_ones) {
  Provided with;
  with.source.lifetime_ms = 0;
  EXPECT_EQ(id_of(with.provider.get()), "!not_ready");
}

TEST(CredentialsProvider, fetches_anew_after_they_were_refused) {
  Provided with;
  EXPECT_EQ(id_of(with.provider.get()), "1");
  with.provider.invalidate();
  EXPECT_EQ(id_of(with.provider.get()), "2");
}

}  // namespace
}  // namespace nes::aws

#include "devkit/aws_emulator/imds.h"

#include "aws/credentials.h"
#include "aws/time_text.h"
#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";

class ImdsTest : public ::testing::Test {
 protected:
  Answer put_token(aws::Headers headers) {
    return imds.handle({"PUT", "/latest/api/token", {}, std::move(headers), {}});
  }
  Answer get(std::string_view path, const std::string& token) {
    aws::Headers headers;
    if (!token.empty()) headers.emplace_back("X-aws-ec2-metadata-token", token);
    return imds.handle({"GET", std::string(path), {}, std::move(headers), {}});
  }
  std::string token(std::string_view ttl_s = "60") {
    return put_token({{"X-aws-ec2-metadata-token-ttl-seconds", std::string(ttl_s)}}).body;
  }

  TemporaryFolder folder;
  Store store = Store::open(folder.path()).value();
  StandingClock clock;
  Principals principals = Principals::open(store, clock, kPrincipalOptions).value();
  Imds imds{principals, clock, "eu-west-1"};
};

TEST_F(ImdsTest, hands_out_the_roles_credentials_in_three_steps) {
  const std::string session = token();
  EXPECT_EQ(get(kRoles, session).body, "node");
  const Answer answer = get(std::string(kRoles) + "node", session);
  EXPECT_EQ(answer.status, 200);
  const auto credentials = aws::parse_credentials(answer.body);
  ASSERT_TRUE(credentials.ok());
  EXPECT_NE(principals.find(credentials->access_key_id), nullptr);
  EXPECT_EQ(credentials->expires_unix_ms, clock.now_ms + 3'600'000);
  EXPECT_EQ(text_of(answer, "Type"), "AWS-HMAC");
  EXPECT_EQ(text_of(answer, "LastUpdated"), "2026-01-02T03:04:05Z");
}

TEST_F(ImdsTest, refuses_version_1) {
  EXPECT_EQ(get(kRoles, "").status, 401);
  EXPECT_EQ(get(std::string(kRoles) + "node", "").status, 401);
  EXPECT_EQ(get("/latest/meta-data/instance-id", "").status, 401);
}

TEST_F(ImdsTest, refuses_a_token_that_is_none_or_over) {
  const std::string session = token("2");
  EXPECT_EQ(get(kRoles, session + "x").status, 401);
  clock.now_ms += 1'999;
  EXPECT_EQ(get(kRoles, session).status, 200);
  clock.now_ms += 1;
  EXPECT_EQ(get(kRoles, session).status, 401);
}

TEST_F(ImdsTest, gives_a_token_only_for_a_time_and_never_through_a_proxy) {
  for (const char* ttl : {"1", "21600"})
    EXPECT_EQ(put_token({{"x-aws-ec2-metadata-token-ttl-seconds", ttl}}).status, 200) << ttl;
  for (const char* ttl : {"", "0", "-1", "21601", "60s", " 60"})
    EXPECT_EQ(put_token({{"x-aws-ec2-metadata-token-ttl-seconds", ttl}}).status, 400) << ttl;
  EXPECT_EQ(put_token({}).status, 400);
  EXPECT_EQ(
      put_token({{"x-aws-ec2-metadata-token-ttl-seconds", "60"}, {"X-Forwarded-For", "10.0.0.1"}}).status,
      403);
  EXPECT_EQ(imds.handle({"GET", "/latest/api/token", {}, {}, {}}).status, 405);
}

TEST_F(ImdsTest, knows_its_own_role_alone) {
  EXPECT_EQ(get(std::string(kRoles) + "other", token()).status, 404);
  EXPECT_EQ(get("/latest/user-data", token()).status, 404);
  EXPECT_EQ(get("/latest/meta-data/placement/region", token()).body, "eu-west-1");
  EXPECT_EQ(get("/latest/meta-data/instance-id", token()).body, kInstanceId);
}

TEST_F(ImdsTest, is_meant_by_unsigned_requests_below_latest) {
  const auto is_meant = [](std::string path, aws::Headers headers) {
    return is_imds_request({"GET", std::move(path), {}, std::move(headers), {}});
  };
  EXPECT_TRUE(is_meant("/latest/api/token", {}));
  EXPECT_FALSE(is_meant("/latest", {}));
  EXPECT_FALSE(is_meant("/latest/object", {{"Authorization", "AWS4-HMAC-SHA256 x"}}))
      << "a bucket of this name";
}

}  // namespace
}  // namespace nes::aws_emulator

#include "devkit/aws_emulator/emulator.h"

#include "devkit/aws_emulator/emulator_testing.h"
#include "devkit/aws_emulator/secrets_manager.h"

namespace nes::aws_emulator {
namespace {

// Says what it was asked.
class EchoService final : public JsonService {
 public:
  Answer call(std::string_view operation, std::string_view body, const Caller& caller) override {
    ++calls;
    return {200,
            {},
            R"({"operation":")" + std::string(operation) + R"(","arn":")" + caller.arn +
                R"(","KeyId":"k","size":)" + std::to_string(body.size()) + "}"};
  }
  int calls = 0;
};

class EmulatorTest : public ::testing::Test {
 protected:
  Reply ask(Request request, const SigningChoice& choice) {
    request.headers.emplace_back("Host", "127.0.0.1");
    sign_request(request, principals.administrator().credentials, clock.unix_ms(), choice);
    return emulator.handle(request);
  }
  Reply kms(std::string_view operation = "Decrypt") {
    return ask({"POST", "/", {}, {{"X-Amz-Target", "TrentService." + std::string(operation)}}, "{}"}, {});
  }
  Reply sts(std::string_view action) {
    return ask({"POST",
                "/",
                {},
                {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
                "Action=" + std::string(action)},
               {.service = "sts"});
  }
  Reply s3(std::string method, std::string path, std::string body = {}) {
    return ask({std::move(method), std::move(path), {}, {}, std::move(body)},
               {"s3", "us-east-1", aws::SigningStyle::kS3});
  }
  void write_faults(std::string_view rules) {
    const std::string path = folder.path() + "/faults";
    write_file(path + ".new", rules);
    std::filesystem::rename(path + ".new", path);
  }
  static std::string header(const Reply& reply, std::string_view name) {
    for (const auto& [have, value] : reply.answer.headers)
      if (have == name) return value;
    return {};
  }

  TemporaryFolder folder;
  StandingClock standing;
  AdjustedClock clock{standing, 0};
  Store store = Store::open(folder.path() + "/state").value();
  Principals principals = Principals::open(store, clock, kPrincipalOptions).value();
  EchoService kms_service;
  EchoService secrets_service;
  Emulator emulator{clock,
                    principals,
                    kms_service,
                    secrets_service,
                    S3::open(folder.path(), "111122223333", "us-east-1").value(),
                    {"111122223333", "us-east-1", folder.path() + "/faults"}};
};

TEST_F(EmulatorTest, finds_the_service_that_a_request_is_for) {
  EXPECT_EQ(
      kms().answer.body,
      R"({"operation":"Decrypt","arn":"arn:aws:iam::111122223333:user/administrator","KeyId":"k","size":2})");
  const Reply secrets = ask({"POST", "/", {}, {{"X-Amz-Target", "secretsmanager.ListSecrets"}}, "{}"},
                            {.service = "secretsmanager"});
  EXPECT_EQ(text_of(secrets.answer, "operation"), "ListSecrets");
  EXPECT_EQ(secrets_service.calls, 1);
  EXPECT_NE(sts("GetCallerIdentity").answer.body.find("user/administrator"), std::string::npos);
  EXPECT_EQ(s3("PUT", "/bucket").answer.status, 200);
  EXPECT_EQ(emulator.handle({"GET", "/latest/meta-data/iam/security-credentials/", {}, {}, {}}).answer.status,
            401);
  const Reply other = ask({"POST", "/", {}, {{"X-Amz-Target", "DynamoDB_20120810.GetItem"}}, "{}"}, {});
  EXPECT_EQ(type_of(other.answer), "UnknownOperationException");
}

TEST_F(EmulatorTest, asks_every_service_but_the_metadata_for_a_signature) {
  const auto unsigned_answer = [&](Request request) { return emulator.handle(request).answer; };
  EXPECT_EQ(type_of(unsigned_answer({"POST", "/", {}, {{"X-Amz-Target", "TrentService.Decrypt"}}, "{}"})),
            "MissingAuthenticationTokenException");
  EXPECT_EQ(unsigned_answer({"GET", "/bucket/key", {}, {}, {}}).status, 403);
  EXPECT_EQ(unsigned_answer({"POST",
                             "/",
                             {},
                             {{"content-type", "application/x-www-form-urlencoded"}},
                             "Action=GetCallerIdentity"})
                .status,
            403);
  EXPECT_EQ(kms_service.calls, 0);
}

TEST_F(EmulatorTest, dates_and_names_every_answer) {
  EXPECT_EQ(header(kms(), "date"), "Fri, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(header(kms(), "x-amzn-requestid").size(), 36U);
  EXPECT_EQ(header(s3("GET", "/none/none"), "x-amz-request-id").size(), 36U);
}

TEST_F(EmulatorTest, throttles_and_fails_in_the_words_of_each_service) {
  write_faults(R"([{"action":"throttle"}])");
  EXPECT_EQ(type_of(kms().answer), "ThrottlingException");
  EXPECT_EQ(kms_service.calls, 0);
  EXPECT_EQ(s3("GET", "/bucket/key").answer.status, 503);
  EXPECT_NE(s3("GET", "/bucket/key").answer.body.find("<Code>SlowDown<"), std::string::npos);
  EXPECT_NE(sts("GetCallerIdentity").answer.body.find("<Code>Throttling<"), std::string::npos);
  write_faults(R"([{"action":"error","status":500,"type":"KMSInternalException","service":"kms"}])");
  EXPECT_EQ(kms().answer.status, 500);
  EXPECT_EQ(type_of(kms().answer), "KMSInternalException");
}

TEST_F(EmulatorTest, lies_about_the_plaintext_and_the_key) {
  write_faults(R"([{"action":"plaintext","times":1},{"action":"other_key"}])");
  EXPECT_EQ(base::base64_decode(text_of(kms().answer, "Plaintext"))->size(), 32U);
  EXPECT_EQ(text_of(kms().answer, "KeyId"),
            "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000");
}

TEST_F(EmulatorTest, delays_and_drops) {
  write_faults(R"([{"action":"delay","delay_ms":700,"times":1},{"action":"drop"}])");
  EXPECT_EQ(kms().delay_ms, 700);
  const Reply dropped = kms();
  EXPECT_TRUE(dropped.drop);
  EXPECT_EQ(dropped.delay_ms, 0);
}

TEST_F(EmulatorTest, truncates_objects_and_makes_huge_ones) {
  s3("PUT", "/bucket");
  s3("PUT", "/bucket/key", "0123456789");
  write_faults(
      R"([{"action":"truncate","operation":"GetObject","times":1},{"action":"huge","bytes":5000000000,"operation":"GetObject"}])");
  const Reply truncated = s3("GET", "/bucket/key");
  EXPECT_EQ(truncated.answer.body, "01234");
  EXPECT_EQ(truncated.announced_length, 10U);
  const Reply huge = s3("GET", "/bucket/key");
  EXPECT_EQ(huge.filler_bytes, 5'000'000'000U);
  EXPECT_EQ(huge.announced_length, 5'000'000'000U);
  EXPECT_EQ(s3("GET", "/bucket/none").filler_bytes, 0U);
}

TEST_F(EmulatorTest, moves_its_clock_for_one_request) {
  write_faults(R"([{"action":"skew","seconds":600,"times":1}])");
  const Reply skewed = kms();
  EXPECT_EQ(type_of(skewed.answer), "InvalidSignatureException");
  EXPECT_EQ(header(skewed, "date"), "Fri, 02 Jan 2026 03:14:05 GMT");
  EXPECT_EQ(kms().answer.status, 200);
}

TEST_F(EmulatorTest, ends_the_sessions_of_the_role) {
  const std::string id = (*principals.role_session())->credentials.access_key_id;
  write_faults(R"([{"action":"expire_credentials","times":1}])");
  Request request{"POST", "/", {}, {{"Host", "h"}, {"X-Amz-Target", "TrentService.Decrypt"}}, "{}"};
  sign_request(request, principals.find(id)->credentials, clock.unix_ms(), {});
  EXPECT_EQ(type_of(emulator.handle(request).answer), "ExpiredTokenException");
  EXPECT_EQ(kms().answer.status, 200) << "the administrator's key goes on";
}

TEST_F(EmulatorTest, serves_nothing_while_the_file_of_faults_is_wrong) {
  write_faults("oops");
  EXPECT_EQ(kms().answer.status, 500);
  EXPECT_EQ(kms_service.calls, 0);
  write_faults("[]");
  EXPECT_EQ(kms().answer.status, 200);
}

TEST_F(EmulatorTest, sends_no_body_to_head) {
  const Reply refused = emulator.handle({"HEAD", "/bucket/key", {}, {}, {}});
  EXPECT_EQ(refused.answer.status, 403);
  EXPECT_TRUE(refused.without_body);
}

}  // namespace
}  // namespace nes::aws_emulator

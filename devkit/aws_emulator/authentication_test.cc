#include "devkit/aws_emulator/authentication.h"

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

class AuthenticationTest : public ::testing::Test {
 protected:
  AuthenticationTest() { session = *principals.role_session(); }

  Request json_request() const {
    return {"POST",
            "/",
            {},
            {{"host", "kms.us-east-1.amazonaws.com"}, {"x-amz-target", "TrentService.Decrypt"}},
            "{}"};
  }
  Request s3_request() const {
    return {"GET", "/bucket/a%20b", {{"list-type", "2"}, {"prefix", "a/b c"}}, {{"Host", "s3"}}, ""};
  }
  Request signed_json(std::int64_t age_ms = 0, const SigningChoice& choice = {}) {
    Request request = json_request();
    sign_request(request, session->credentials, clock.now_ms - age_ms, choice);
    return request;
  }
  Request signed_s3() {
    Request request = s3_request();
    sign_request(request, session->credentials, clock.now_ms, s3_choice);
    return request;
  }
  Verdict check(const Request& request, Protocol protocol = Protocol::kJson) const {
    const std::string_view name = protocol == Protocol::kS3      ? "s3"
                                  : protocol == Protocol::kQuery ? "sts"
                                                                 : "kms";
    return authenticate(request, {name, "us-east-1", protocol}, principals, clock.now_ms);
  }
  void expect_refused(const Request& request, Refusal refusal, Protocol protocol = Protocol::kJson) const {
    const Verdict verdict = check(request, protocol);
    EXPECT_EQ(verdict.principal, nullptr);
    EXPECT_EQ(verdict.refusal, refusal) << verdict.message;
  }
  static std::string authorization(const Request& request) {
    return std::string(request.header("authorization"));
  }
  static void replace_in_authorization(Request& request, std::string_view part, std::string_view other) {
    std::string text = authorization(request);
    text.replace(text.find(part), part.size(), other);
    set_header(request, "authorization", text);
  }

  const SigningChoice s3_choice{"s3", "us-east-1", aws::SigningStyle::kS3};
  TemporaryFolder folder;
  Store store = Store::open(folder.path()).value();
  StandingClock clock;
  Principals principals = Principals::open(store, clock, kPrincipalOptions).value();
  const Principal* session = nullptr;
};

TEST_F(AuthenticationTest, knows_who_signed) {
  EXPECT_EQ(check(signed_json()).principal, session);
  EXPECT_EQ(check(signed_s3(), Protocol::kS3).principal, session);
  Request request = json_request();
  sign_request(request, principals.administrator().credentials, clock.now_ms, {});
  EXPECT_EQ(check(request).principal, &principals.administrator());
}

TEST_F(AuthenticationTest, takes_a_request_whose_unsigned_headers_are_not_amazons) {
  Request request = signed_json();
  request.headers.emplace_back("user-agent", "any");
  EXPECT_EQ(check(request).principal, session);
}

TEST_F(AuthenticationTest, refuses_a_request_without_a_signature_or_with_two) {
  expect_refused(json_request(), Refusal::kMissing);
  Request request = signed_json();
  request.headers.emplace_back("Authorization", authorization(request));
  expect_refused(request, Refusal::kMissing);
}

TEST_F(AuthenticationTest, refuses_an_authorization_of_another_form) {
  Request request = signed_json();
  replace_in_authorization(request, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512");
  expect_refused(request, Refusal::kMalformed);
}

TEST_F(AuthenticationTest, refuses_a_key_that_nobody_has) {
  Request request = signed_json();
  replace_in_authorization(request, session->credentials.access_key_id, "ASIANOBODY");
  expect_refused(request, Refusal::kUnknownKey);
}

TEST_F(AuthenticationTest, refuses_a_missing_a_wrong_and_a_superfluous_session_token) {
  aws::Credentials wrong{session->credentials.access_key_id,
                         secret::SecretBytes::copy_of(session->credentials.secret_access_key.reveal()), "",
                         0};
  for (const char* token : {"", "wrong"}) {
    wrong.session_token = token;
    Request request = json_request();
    sign_request(request, wrong, clock.now_ms, {});
    expect_refused(request, Refusal::kWrongToken);
  }
  const aws::Credentials& key = principals.administrator().credentials;
  Request request = json_request();
  sign_request(request,
               {key.access_key_id, secret::SecretBytes::copy_of(key.secret_access_key.reveal()), "token", 0},
               clock.now_ms, {});
  expect_refused(request, Refusal::kWrongToken);
}

TEST_F(AuthenticationTest, refuses_a_session_from_its_end_on) {
  clock.now_ms = session->credentials.expires_unix_ms - 1;
  EXPECT_EQ(check(signed_json()).principal, session);
  clock.now_ms += 1;
  expect_refused(signed_json(), Refusal::kExpired);
}

TEST_F(AuthenticationTest, takes_a_time_five_minutes_off_and_no_second_more) {
  constexpr std::int64_t kFiveMinutes = 300'000;
  EXPECT_EQ(check(signed_json(kFiveMinutes)).principal, session);
  EXPECT_EQ(check(signed_json(-kFiveMinutes)).principal, session);
  expect_refused(signed_json(kFiveMinutes + 1000), Refusal::kExpiredTime);
  expect_refused(signed_json(-kFiveMinutes - 1000), Refusal::kFutureTime);
}

TEST_F(AuthenticationTest, refuses_a_time_that_is_missing_or_none) {
  Request request = signed_json();
  set_header(request, "x-amz-date", "2026-01-02T03:04:05Z");
  expect_refused(request, Refusal::kMalformed);
  std::erase_if(request.headers, [](const auto& header) { return header.first == "x-amz-date"; });
  expect_refused(request, Refusal::kMalformed);
}

TEST_F(AuthenticationTest, refuses_a_signature_for_another_service_region_or_day) {
  expect_refused(signed_json(0, {.service = "s3"}), Refusal::kWrongScope);
  expect_refused(signed_json(0, {.region = "eu-west-1"}), Refusal::kWrongScope);
  Request request = signed_json();
  replace_in_authorization(request, "/20260102/", "/20260101/");
  expect_refused(request, Refusal::kWrongScope);
}

TEST_F(AuthenticationTest, takes_us_east_1_for_the_global_endpoint_of_sts_alone) {
  Request request = json_request();
  sign_request(request, session->credentials, clock.now_ms, {.service = "sts"});
  const auto in_frankfurt = [&](Protocol protocol, std::string_view name) {
    return authenticate(request, {name, "eu-central-1", protocol}, principals, clock.now_ms);
  };
  EXPECT_EQ(in_frankfurt(Protocol::kQuery, "sts").principal, session);
  EXPECT_EQ(in_frankfurt(Protocol::kJson, "sts").refusal, Refusal::kWrongScope);
}

TEST_F(AuthenticationTest, refuses_whatever_was_changed_after_signing) {
  Request request = signed_json();
  request.body = "{ }";
  expect_refused(request, Refusal::kWrongSignature);
  request = signed_json();
  request.method = "PUT";
  expect_refused(request, Refusal::kWrongSignature);
  request = signed_json();
  request.path = "/x";
  expect_refused(request, Refusal::kWrongSignature);
  request = signed_json();
  request.query = {{"a", "b"}};
  expect_refused(request, Refusal::kWrongSignature);
  request = signed_json();
  set_header(request, "x-amz-target", "TrentService.Encrypt");
  expect_refused(request, Refusal::kWrongSignature);
  request = signed_json();
  const std::string signature = authorization(request).substr(authorization(request).size() - 64);
  replace_in_authorization(request, signature, (signature.front() == '0' ? "1" : "0") + signature.substr(1));
  expect_refused(request, Refusal::kWrongSignature);
}

TEST_F(AuthenticationTest,
       refuses_a_host_or_an_amazon_header_that_is_not_signed_and_a_signed_one_that_is_not_sent) {
  Request request = signed_json();
  request.headers.emplace_back("X-Amz-Meta-Late", "1");
  expect_refused(request, Refusal::kMalformed);
  request = signed_json();
  replace_in_authorization(request, "SignedHeaders=host;", "SignedHeaders=");
  expect_refused(request, Refusal::kMalformed);
  request = signed_json();
  replace_in_authorization(request, "SignedHeaders=host;", "SignedHeaders=absent;host;");
  expect_refused(request, Refusal::kMalformed);
}

TEST_F(AuthenticationTest, holds_the_payload_against_its_hash) {
  Request request = s3_request();
  request.method = "PUT";
  request.body = "content";
  sign_request(request, session->credentials, clock.now_ms, s3_choice);
  EXPECT_EQ(check(request, Protocol::kS3).principal, session);
  request.body = "Content";
  expect_refused(request, Refusal::kWrongPayload, Protocol::kS3);
}

TEST_F(AuthenticationTest, takes_unsigned_payloads_of_s3_where_the_signature_says_so) {
  const auto signed_with = [&](std::string_view said) {
    Request request = s3_request();
    request.headers.emplace_back("x-amz-content-sha256", said);
    request.headers.emplace_back("x-amz-date", "20260102T030405Z");
    request.headers.emplace_back("x-amz-security-token", session->credentials.session_token);
    const std::string canonical =
        aws::canonical_request({request.method, request.path, request.query, request.headers, {}},
                               request.headers, aws::SigningStyle::kS3, said);
    const auto signature = aws::signature_of(
        canonical, session->credentials.secret_access_key,
        {.region = "us-east-1", .service = "s3", .style = aws::SigningStyle::kS3, .unix_ms = clock.now_ms});
    request.headers.emplace_back("authorization",
                                 "AWS4-HMAC-SHA256 Credential=" + session->credentials.access_key_id +
                                     "/20260102/us-east-1/s3/aws4_request, SignedHeaders="
                                     "host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=" +
                                     *signature);
    request.body = "anything";
    return request;
  };
  EXPECT_EQ(check(signed_with("UNSIGNED-PAYLOAD"), Protocol::kS3).principal, session);
  EXPECT_EQ(check(signed_with("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Protocol::kS3).principal, session);
  expect_refused(signed_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), Refusal::kUnsupported, Protocol::kS3);
  expect_refused(signed_with(base::hex_encode(*crypto::sha256({}))), Refusal::kWrongPayload, Protocol::kS3);
  expect_refused(signed_with(""), Refusal::kMalformed, Protocol::kS3);
}

TEST_F(AuthenticationTest, refuses_in_the_words_of_each_protocol) {
  const auto said = [](Protocol protocol, Refusal refusal) {
    const Answer answer = refuse(protocol, {nullptr, refusal, "m"});
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_EQ(said(Protocol::kJson, Refusal::kExpired),
            R"(400 {"__type":"ExpiredTokenException","message":"m"})");
  EXPECT_EQ(said(Protocol::kJson, Refusal::kUnknownKey),
            R"(400 {"__type":"UnrecognizedClientException","message":"m"})");
  EXPECT_EQ(said(Protocol::kJson, Refusal::kExpiredTime),
            R"(400 {"__type":"InvalidSignatureException","message":"m"})");
  const std::string skewed = said(Protocol::kS3, Refusal::kFutureTime);
  EXPECT_EQ(skewed.substr(0, 4), "403 ");
  EXPECT_NE(skewed.find("<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message>"), std::string::npos);
  EXPECT_NE(said(Protocol::kS3, Refusal::kUnknownKey).find("<Code>InvalidAccessKeyId<"), std::string::npos);
  EXPECT_NE(said(Protocol::kS3, Refusal::kWrongSignature).find("<Code>SignatureDoesNotMatch<"),
            std::string::npos);
  EXPECT_NE(said(Protocol::kQuery, Refusal::kUnknownKey).find("<Code>InvalidClientTokenId<"),
            std::string::npos);
}

}  // namespace
}  // namespace nes::aws_emulator

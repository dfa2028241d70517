#include "host/vsock_proxy/credentials.h"

#include <gtest/gtest.h>

namespace nes::vsock_proxy {
namespace {

constexpr std::string_view kGood =
    R"({"Code":"Success","AccessKeyId":"AKIA","SecretAccessKey":"s\/k","Token":"t==","AccountId":"1",)"
    R"("Expiration":"2026-01-02T03:04:05Z","Nested":{"Token":"other"}})";

TEST(Credentials, are_reduced_to_four_members_and_their_end) {
  const auto document = Credentials::reduce(kGood);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->json, R"({"AccessKeyId":"AKIA","SecretAccessKey":"s/k","Token":"t==",)"
                            R"("Expiration":"2026-01-02T03:04:05Z"})");
  EXPECT_EQ(document->expires_unix_ms, 1'767'323'045'000);
}

TEST(Credentials, that_are_none_are_refused) {
  for (
      const std::string& json : std::initializer_list<std::string>{
          "", "[]", "{}", "\"AccessKeyId\"", R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c"})",
          R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"tomorrow"})",
          R"({"AccessKeyId":"a","AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"2026-01-02T03:04:05Z"})",
          R"({"AccessKeyId":"a","SecretAccessKey":1,"Token":"c","Expiration":"2026-01-02T03:04:05Z"})",
          R"({"AccessKeyId":"","SecretAccessKey":"b","Token":"c","Expiration":"2026-01-02T03:04:05Z"})",
          std::string(kGood) + "x"})
    EXPECT_FALSE(Credentials::reduce(json).ok()) << json;
  EXPECT_EQ(Credentials::reduce(R"({"Code":"Failed"})").error().code, ErrorCode::kNotReady);
}

TEST(PlainUrl, is_http_to_an_address) {
  const auto url = parse_plain_url("http://169.254.170.23/v1/credentials?x=1");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(os::format_endpoint(url->endpoint), "tcp:169.254.170.23:80");
  EXPECT_EQ(url->target, "/v1/credentials?x=1");
  EXPECT_EQ(os::format_endpoint(parse_plain_url("http://[fd00:ec2::23]:8080")->endpoint),
            "tcp:[fd00:ec2::23]:8080");
  EXPECT_EQ(parse_plain_url("http://localhost:1")->target, "/");
  for (const std::string_view other :
       {"", "https://127.0.0.1/", "http://", "http://name.example/", "http://127.0.0.1:0/",
        "http://127.0.0.1:x/", "http://u@127.0.0.1/", "http://127.0.0.1/#f"})
    EXPECT_FALSE(parse_plain_url(other).ok()) << other;
}

}  // namespace
}  // namespace nes::vsock_proxy

#include "tools/nitro_enc/operator_credentials.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kFile =
    "# a comment\n[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=secret1\n\n"
    "[ other ]\r\naws_access_key_id=AKOTHER\r\naws_secret_access_key = s=2\r\naws_session_token=tok\r\n"
    "[half]\naws_access_key_id=AKHALF\n; the end\n[empty]\n";

// Answers nobody, and remembers who was asked for.
class NoDialer final : public aws::Dialer {
 public:
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t) override {
    dialled = std::string(host) + ":" + std::to_string(port);
    return Error{ErrorCode::kTimeout, "nobody is there"};
  }
  std::string dialled;
};

class OperatorCredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/nitro_enc_credentials.XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
    variables_["HOME"] = directory_;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Result<aws::Credentials> fetch() {
    OperatorCredentials source(
        [this](const std::string& name) {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::nullopt : std::optional(found->second);
        },
        {dialer_, nullptr, clock_});
    return source.fetch();
  }
  void write_file(const std::string& name, std::string_view content) {
    std::filesystem::create_directories(directory_ + "/.aws");
    std::ofstream(directory_ + "/" + name) << content;
  }

  std::string directory_;
  std::map<std::string, std::string> variables_;
  NoDialer dialer_;
  base::SystemClock clock_;
};

TEST_F(OperatorCredentialsTest, come_from_the_environment_first) {
  write_file(".aws/credentials", kFile);
  variables_["AWS_ACCESS_KEY_ID"] = "AKENV";
  EXPECT_EQ(fetch().error().code, ErrorCode::kConfig);
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(fetch()->access_key_id, "AKENV");
  EXPECT_EQ(fetch()->session_token, "");
  variables_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(fetch()->session_token, "t");
}

TEST_F(OperatorCredentialsTest, come_from_the_shared_file_next) {
  write_file(".aws/credentials", kFile);
  EXPECT_EQ(fetch()->access_key_id, "AKDEFAULT");
  variables_["AWS_PROFILE"] = "other";
  EXPECT_EQ(fetch()->access_key_id, "AKOTHER");
  variables_["AWS_PROFILE"] = "nobody";
  EXPECT_EQ(fetch().error().code, ErrorCode::kConfig);
  variables_["AWS_PROFILE"] = "half";
  EXPECT_EQ(fetch().error().code, ErrorCode::kConfig);
  write_file("elsewhere", "[half]\naws_access_key_id=A\naws_secret_access_key=b\n");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = directory_ + "/elsewhere";
  EXPECT_EQ(fetch()->access_key_id, "A");
}

TEST_F(OperatorCredentialsTest, come_from_the_container_endpoint_next) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  EXPECT_EQ(fetch().error().code, ErrorCode::kTimeout);
  EXPECT_EQ(dialer_.dialled, "169.254.170.23:80");
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  EXPECT_FALSE(fetch().ok());
  EXPECT_EQ(dialer_.dialled, "169.254.170.2:80");
}

TEST_F(OperatorCredentialsTest, come_from_no_plain_endpoint_of_a_stranger) {
  for (const char* uri : {"http://example.com/", "http://169.254.170.24/", "ftp://127.0.0.1/", "nonsense"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
    EXPECT_EQ(fetch().error().code, ErrorCode::kConfig) << uri;
    EXPECT_EQ(dialer_.dialled, "");
  }
}

TEST_F(OperatorCredentialsTest, are_not_asked_for_without_the_token_that_is_configured) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = directory_ + "/none";
  EXPECT_EQ(fetch().error().code, ErrorCode::kConfig);
  EXPECT_EQ(dialer_.dialled, "");
}

TEST_F(OperatorCredentialsTest, come_from_the_instance_at_last) {
  EXPECT_EQ(fetch().error().code, ErrorCode::kTimeout);
  EXPECT_EQ(dialer_.dialled, "169.254.169.254:80");
}

TEST(ParseProfile, takes_one_profile_and_no_other) {
  const auto other = parse_profile(kFile, "other");
  ASSERT_TRUE(other.ok() && other->has_value());
  EXPECT_EQ((*other)->access_key_id, "AKOTHER");
  EXPECT_EQ(as_text((*other)->secret_access_key.reveal()), "s=2");
  EXPECT_EQ((*other)->session_token, "tok");
  EXPECT_EQ((*other)->expires_unix_ms, INT64_MAX);
  EXPECT_FALSE(parse_profile(kFile, "Other")->has_value());
  EXPECT_FALSE(parse_profile("", "default")->has_value());
  EXPECT_FALSE(parse_profile(kFile, "half").ok());
  EXPECT_FALSE(parse_profile(kFile, "empty").ok());
}

}  // namespace
}  // namespace nes::nitro_enc

#include "enclave/service/certificate.h"

#include <gtest/gtest.h>

#include "attest/tls_binding.h"
#include "aws/fake_server_for_test.h"
#include "base/json_text.h"
#include "enclave/service/nsm_testing.h"

namespace nes::service {
namespace {

TEST(BootCertificate, keeps_its_key_and_asks_for_a_document_about_it_each_time) {
  const base::SystemClock clock;
  FakeNsm nsm;
  BootCertificate source({"localhost"}, &nsm, clock);
  const auto first = source.renew(), second = source.renew();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*first)->public_key_der(), (*second)->public_key_der());
  ASSERT_EQ(nsm.requests.size(), 2U);
  EXPECT_EQ(nsm.requests[1].user_data, attest::tls_user_data((*first)->public_key_der()).value());
  EXPECT_FALSE(nsm.requests[1].nonce || nsm.requests[1].public_key);
  EXPECT_TRUE(source.is_attested() && !source.is_remote());
}

TEST(BootCertificate, fails_with_the_nsm_and_does_without_one) {
  const base::SystemClock clock;
  FakeNsm nsm;
  nsm.fails = true;
  EXPECT_FALSE(BootCertificate({"localhost"}, &nsm, clock).renew().ok());
  BootCertificate bare({"localhost"}, nullptr, clock);
  EXPECT_TRUE(bare.renew().ok());
  EXPECT_FALSE(bare.is_attested());
}

constexpr std::string_view kArn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:tls-AbCdEf";

// Opens by giving the ciphertext back.
class IdentityDecrypter final : public keyring::Decrypter {
 public:
  Result<keyring::Opened> open(ByteView ciphertext, std::string_view secret_arn) override {
    EXPECT_EQ(secret_arn, kArn);
    return keyring::Opened{secret::SecretBytes::copy_of(ciphertext), "secret-arn"};
  }
};

class SecretCertificateTest : public testing::Test {
 protected:
  ErrorCode renew(const std::string& secret) {
    secret_ = secret;
    const auto identity = source_.renew();
    return identity.ok() ? ErrorCode{} : identity.error().code;
  }

  std::string secret_;
  aws::FakeAws aws_{[this](const std::string&, std::size_t) {
    std::string body =
        "{\"ARN\":\"a\",\"VersionId\":\"v\",\"VersionStages\":[\"AWSCURRENT\"],\"SecretString\":";
    base::append_quoted(body, secret_);
    return aws::answer_of(200, body + "}");
  }};
  aws::SecretsManager secrets_{aws_.client};
  IdentityDecrypter decrypter_;
  SecretCertificate source_{secrets_, decrypter_, std::string(kArn)};
};

TEST_F(SecretCertificateTest, refuses_what_is_not_a_certificate_and_its_key) {
  const std::string key = base::base64_encode(as_bytes("no key"));
  EXPECT_EQ(renew("text"), ErrorCode::kMalformed);
  EXPECT_EQ(renew("{}"), ErrorCode::kMalformed);
  EXPECT_EQ(renew("{\"certificate\":\"x\"}"), ErrorCode::kMalformed);
  EXPECT_EQ(renew("{\"certificate\":\"x\",\"encryptedKey\":\"!\"}"), ErrorCode::kMalformed);
  EXPECT_EQ(renew("{\"certificate\":\"x\",\"encryptedKey\":\"" + key + "\"}"), ErrorCode::kMalformed);
}

}  // namespace
}  // namespace nes::service

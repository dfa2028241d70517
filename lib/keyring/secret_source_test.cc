#include "keyring/secret_source.h"

#include <map>

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "aws/remote_code.h"
#include "base/limits.h"

namespace nes::keyring {
namespace {

constexpr std::string_view kArn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:dek-AbCdEf";

// "Decrypts" by taking the first byte of the ciphertext 32 times.
class FakeDecrypter final : public Decrypter {
 public:
  Result<Opened> open(ByteView ciphertext, std::string_view secret_arn) override {
    EXPECT_EQ(secret_arn, kArn);
    ++opened;
    const auto failure = failures.find(ciphertext[0]);
    if (failure != failures.end()) return failure->second;
    secret::SecretBytes plaintext(ciphertext[0] == 'S' ? 31 : 32);
    for (std::uint8_t& byte : plaintext.reveal_mutable()) byte = ciphertext[0];
    return Opened{std::move(plaintext), "secret-arn"};
  }
  std::map<std::uint8_t, Error> failures;
  int opened = 0;
};

class SecretSource : public testing::Test {
 protected:
  struct Version {
    std::string id, stages, created;  // stages as a JSON list
    char key;
  };

  // Answers ListSecretVersionIds and GetSecretValue by version id.
  std::string answer(const std::string& request) {
    if (request.find("ListSecretVersionIds") != std::string::npos) {
      std::string list;
      for (const Version& version : versions_)
        list += (list.empty() ? "" : ",") + std::string("{\"VersionId\":\"") + version.id +
                "\",\"VersionStages\":" + version.stages + ",\"CreatedDate\":" + version.created + "}";
      return aws::answer_of(200, "{\"Versions\":[" + list + "]}");
    }
    for (const Version& version : versions_)
      if (request.find("\"" + version.id + "\"") != std::string::npos)
        return aws::answer_of(200, "{\"ARN\":\"" + std::string(kArn) + "\",\"VersionId\":\"" + version.id +
                                       "\",\"VersionStages\":" + version.stages + ",\"SecretBinary\":\"" +
                                       base::base64_encode(as_bytes(std::string(1, version.key))) + "\"}");
    return aws::answer_of(400, "{\"__type\":\"ResourceNotFoundException\"}");
  }

  // The keys in order, the sealing one in brackets; or the error's reason.
  std::string fetch() {
    const auto fetched = source_.fetch();
    if (!fetched.ok()) return std::string(fetched.error().reason.view());
    std::string text;
    for (std::size_t i = 0; i < fetched->keys.size(); ++i) {
      const char key = static_cast<char>(fetched->keys[i].dek.reveal()[0]);
      text += i == fetched->sealing ? "[" + std::string(1, key) + "]" : std::string(1, key);
    }
    for (std::size_t i = 0; i < fetched->unreadable; ++i) text += '?';
    return text;
  }

  std::vector<Version> versions_;
  FakeDecrypter decrypter_;
  aws::FakeAws aws_{[this](const std::string& request, std::size_t) { return answer(request); }};
  aws::SecretsManager secrets_{aws_.client};
  SecretKeySource source_{secrets_, decrypter_, std::string(kArn)};
};

TEST_F(SecretSource, takes_the_versions_in_use_newest_first_and_seals_with_the_current_one) {
  versions_ = {{"v-old", R"(["NES-20260101T000000Z"])", "1.0", 'a'},
               {"v-unused", "[]", "2", 'b'},
               {"v-previous", R"(["AWSPREVIOUS"])", "3.5", 'c'},
               {"v-pending", R"(["AWSPENDING"])", "1.7E9", 'd'},
               {"v-current", R"(["NES-20260102T000000Z","AWSCURRENT"])", "4", 'e'},
               {"v-other", R"(["someone-elses-label"])", "9", 'f'}};
  EXPECT_EQ(fetch(), "d[e]ca");
  EXPECT_EQ(source_.fetch()->keys[0].version_id, "v-pending");
  EXPECT_EQ(source_.fetch()->encryption_context->view(), "secret-arn");
}

TEST_F(SecretSource, opens_again_only_the_current_version) {
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'}, {"v2", R"(["AWSCURRENT"])", "2", 'b'}};
  EXPECT_EQ(fetch(), "[b]a");
  EXPECT_EQ(decrypter_.opened, 2);
  EXPECT_EQ(fetch(), "[b]a");
  EXPECT_EQ(decrypter_.opened, 3);
}

TEST_F(SecretSource, forgets_a_version_that_is_no_longer_in_use) {
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'}, {"v2", R"(["AWSCURRENT"])", "2", 'b'}};
  EXPECT_EQ(fetch(), "[b]a");
  versions_[0].stages = "[]";
  EXPECT_EQ(fetch(), "[b]");
}

TEST_F(SecretSource, fails_without_a_current_version_that_opens) {
  EXPECT_EQ(fetch(), "the secret has no version AWSCURRENT");
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'}};
  EXPECT_EQ(fetch(), "the secret has no version AWSCURRENT");
  versions_.push_back({"v2", R"(["AWSCURRENT"])", "2", 'S'});
  EXPECT_EQ(fetch(), "the secret does not hold a key of 32 bytes");
  versions_[1].key = 'b';
  const Error denied = aws::remote_error(aws::RemoteCode::kAccessDenied, 400);
  decrypter_.failures.emplace('b', denied);
  EXPECT_EQ(fetch(), denied.reason.view());
}

TEST_F(SecretSource, leaves_out_an_old_version_that_aws_refuses_to_open_and_asks_again) {
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'}, {"v2", R"(["AWSCURRENT"])", "2", 'b'}};
  using aws::RemoteCode;
  for (const RemoteCode code :
       {RemoteCode::kAccessDenied, RemoteCode::kKeyUnusable, RemoteCode::kIncorrectKey, RemoteCode::kNotFound,
        RemoteCode::kInvalidRequest, RemoteCode::kOther}) {
    decrypter_.failures.insert_or_assign('a', aws::remote_error(code, 400));
    EXPECT_EQ(fetch(), "[b]?");
  }
  decrypter_.failures.clear();
  EXPECT_EQ(fetch(), "[b]a");
  decrypter_.failures.emplace('a', aws::remote_error(RemoteCode::kAccessDenied, 400));
  EXPECT_EQ(fetch(), "[b]a") << "a key that is held is not given up";
}

TEST_F(SecretSource, leaves_out_an_old_version_that_holds_no_key) {
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'},
               {"v2", R"(["AWSCURRENT"])", "2", 'b'},
               {"v3", R"(["NES-20260101T000000Z"])", "0", 'S'}};
  decrypter_.failures.emplace('a', aws::remote_error(aws::RemoteCode::kInvalidCiphertext, 400));
  EXPECT_EQ(fetch(), "[b]??");
}

TEST_F(SecretSource, fails_whole_when_an_old_version_may_open_later) {
  versions_ = {{"v1", R"(["AWSPREVIOUS"])", "1", 'a'}, {"v2", R"(["AWSCURRENT"])", "2", 'b'}};
  for (const Error& error : {aws::remote_error(aws::RemoteCode::kThrottled, 400),
                             aws::remote_error(aws::RemoteCode::kUnavailable, 500),
                             Error{ErrorCode::kIo, "the connection ended"}}) {
    decrypter_.failures.insert_or_assign('a', error);
    EXPECT_EQ(fetch(), error.reason.view());
  }
  decrypter_.failures.clear();
  EXPECT_EQ(fetch(), "[b]a");
}

TEST_F(SecretSource, takes_so_many_versions_and_no_more) {
  versions_ = {{"current", R"(["AWSCURRENT"])", "9", 'a'}};
  for (std::size_t i = 1; i < limits::kLoadedKeys; ++i)
    versions_.push_back({"v" + std::to_string(i) + ".", R"(["NES-x"])", "1", 'b'});
  EXPECT_EQ(source_.fetch()->keys.size(), limits::kLoadedKeys);
  versions_.push_back({"one-more", R"(["NES-x"])", "1", 'b'});
  EXPECT_EQ(fetch(), "the secret has too many versions in use");
}

TEST(CiphertextOf, is_the_binary_or_the_text_in_base64) {
  const auto of_text = [](std::string text) {
    const auto bytes =
        ciphertext_of({.version_id = "v", .stages = {}, .binary = {}, .text = std::move(text)});
    return bytes.ok() ? std::string(as_text(*bytes)) : std::string("refused");
  };
  EXPECT_EQ(ciphertext_of({.version_id = "v", .stages = {}, .binary = Bytes{1, 2}, .text = {}}).value(),
            (Bytes{1, 2}));
  EXPECT_EQ(of_text("YWI="), "ab");
  EXPECT_EQ(of_text(" \r\nYWI=\n"), "ab");
  for (const char* text : {"", " ", "YWI", "YWI=x", "YW I=", "YWJ=", "{\"a\":1}"})
    EXPECT_EQ(of_text(text), "refused") << text;
}

}  // namespace
}  // namespace nes::keyring

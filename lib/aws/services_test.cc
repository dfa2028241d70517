// KMS, Secrets Manager and S3 against scripted answers.

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "aws/kms.h"
#include "aws/s3.h"
#include "aws/secrets_manager.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

constexpr const char* kKeyId = "1234abcd-12ab-34cd-56ef-1234567890ab";
const std::string kKeyArn = std::string("arn:aws:kms:us-east-1:111122223333:key/") + kKeyId;

FakeServer::Handler always(std::string answer) {
  return [answer = std::move(answer)](const std::string&, std::size_t) { return answer; };
}

std::string body_of(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

std::string decrypt(const std::string& answer, std::string key_id = kKeyId) {
  FakeAws aws(always(answer));
  Kms kms(aws.client, std::move(key_id));
  const auto got = kms.decrypt_for_recipient(Bytes{1, 2, 3}, {}, Bytes{4});
  return got.ok() ? base::hex_encode(*got) : std::string(got.error().reason.view());
}

TEST(Kms, sends_what_decrypt_with_a_recipient_takes) {
  FakeAws aws(always(answer_of(200, R"({"CiphertextForRecipient":"BQY=","KeyId":")" + kKeyArn + "\"}")));
  Kms kms(aws.client, kKeyArn);
  EXPECT_EQ(*kms.decrypt_for_recipient(Bytes{1, 2, 3}, {{"a", "1"}, {"b\"", "2"}}, Bytes{4}), (Bytes{5, 6}));
  const std::string request = aws.server.requests()[0];
  EXPECT_TRUE(request.starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(request.find("x-amz-target: TrentService.Decrypt\r\n"), std::string::npos);
  EXPECT_NE(request.find("content-type: application/x-amz-json-1.1\r\n"), std::string::npos);
  EXPECT_EQ(body_of(request),
            R"({"CiphertextBlob":"AQID","KeyId":")" + kKeyArn +
                R"(","EncryptionContext":{"a":"1","b\"":"2"},"Recipient":{"AttestationDocument":"BA==",)"
                R"("KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256"}})");
}

TEST(Kms, takes_the_ciphertext_for_the_recipient_and_nothing_else) {
  const std::string key = R"("KeyId":")" + kKeyArn + "\"";
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY=",)" + key + "}")), "0506");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY=","Plaintext":"",)" + key + "}")),
            "0506");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY=","Plaintext":null,)" + key + "}")),
            "0506");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY=","Plaintext":"AA==",)" + key + "}")),
            "KMS answered with a plaintext that nobody may see");
  EXPECT_EQ(decrypt(answer_of(200, "{" + key + "}")), "KMS answered without a ciphertext for the recipient");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"",)" + key + "}")),
            "KMS answered without a ciphertext for the recipient");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY",)" + key + "}")),
            "a field of an answer is not base64");
  EXPECT_EQ(decrypt(answer_of(200, R"({"CiphertextForRecipient":"BQY="})")), "an answer lacks a field");
}

TEST(Kms, refuses_an_answer_for_another_key) {
  const auto answered = [](const std::string& key_id) {
    return answer_of(200, R"({"CiphertextForRecipient":"BQY=","KeyId":")" + key_id + "\"}");
  };
  const std::string other = "KMS answered for another key";
  EXPECT_EQ(decrypt(answered(kKeyArn), kKeyArn), "0506");
  EXPECT_EQ(decrypt(answered(kKeyArn), kKeyId), "0506");
  EXPECT_EQ(decrypt(answered(kKeyId), kKeyId), "0506");
  EXPECT_EQ(decrypt(answered(kKeyId), kKeyArn), other);
  EXPECT_EQ(decrypt(answered(kKeyArn + "0"), kKeyId), other);
  EXPECT_EQ(decrypt(answered("arn:aws:kms:us-east-1:111122223333:key/x" + std::string(kKeyId)), kKeyId),
            other);
  EXPECT_EQ(decrypt(answered("arn:aws:kms:us-west-2:111122223333:key/" + std::string(kKeyId)), kKeyArn),
            other);
  EXPECT_EQ(decrypt(answered("x:key/" + std::string(kKeyId)), kKeyId), other);
  EXPECT_EQ(decrypt(answered(""), kKeyId), other);
}

TEST(Kms, tells_an_invalid_ciphertext_from_other_refusals) {
  FakeAws aws([](const std::string&, std::size_t number) {
    return answer_of(400, number == 0 ? R"({"__type":"InvalidCiphertextException"})"
                                      : R"({"__type":"AccessDeniedException","Message":"secret text"})");
  });
  Kms kms(aws.client, kKeyId);
  EXPECT_EQ(remote_code_of(kms.decrypt_for_recipient(Bytes{1}, {}, Bytes{2}).error()),
            RemoteCode::kInvalidCiphertext);
  EXPECT_EQ(remote_code_of(kms.decrypt_for_recipient(Bytes{1}, {}, Bytes{2}).error()),
            RemoteCode::kAccessDenied);
}

TEST(Kms, makes_data_keys_whose_plaintext_nobody_sees) {
  FakeAws aws(always(answer_of(200, R"({"CiphertextBlob":"BQY=","KeyId":")" + kKeyArn + "\"}")));
  Kms kms(aws.client, kKeyId);
  EXPECT_EQ(*kms.generate_data_key_without_plaintext({{"a", "1"}}), (Bytes{5, 6}));
  EXPECT_EQ(body_of(aws.server.requests()[0]), std::string(R"({"KeyId":")") + kKeyId +
                                                   R"(","KeySpec":"AES_256","EncryptionContext":{"a":"1"}})");
}

TEST(SecretsManager, reads_binary_and_text_values) {
  FakeAws aws([](const std::string& request, std::size_t) {
    if (request.find("VersionStage") != std::string::npos)
      return answer_of(200, R"({"VersionId":"v1","VersionStages":["AWSCURRENT"],"SecretBinary":"AQI="})");
    return answer_of(200, R"({"VersionId":"v2","SecretString":"AQI="})");
  });
  SecretsManager secrets(aws.client);
  const auto binary = secrets.get("s", {});
  EXPECT_EQ(binary->binary, (Bytes{1, 2}));
  EXPECT_EQ(binary->text, std::nullopt);
  EXPECT_EQ(binary->stages, std::vector<std::string>{"AWSCURRENT"});
  EXPECT_EQ(body_of(aws.server.requests()[0]), R"({"SecretId":"s","VersionStage":"AWSCURRENT"})");
  const auto text = secrets.get("s", {VersionSelector::By::kId, "v2"});
  EXPECT_EQ(text->text, "AQI=");
  EXPECT_EQ(body_of(aws.server.requests()[1]), R"({"SecretId":"s","VersionId":"v2"})");
  EXPECT_FALSE(secrets.get("s", {VersionSelector::By::kId, "v3"}).ok());
}

TEST(SecretsManager, refuses_values_of_another_shape) {
  for (const char* body :
       {R"({"VersionId":"v"})", R"({"VersionId":"v","SecretBinary":"AQ==","SecretString":""})",
        R"({"VersionId":"v","SecretBinary":"AQ"})", R"({"SecretString":"x"})",
        R"({"VersionId":"","SecretString":"x"})",
        R"({"VersionId":"v","SecretString":"x","SecretString":"y"})",
        R"({"VersionId":"v","SecretString":"x","VersionStages":"A"})", "", "[]"}) {
    FakeAws aws(always(answer_of(200, body)));
    EXPECT_EQ(SecretsManager(aws.client).get("s", {}).error().code, ErrorCode::kMalformed) << body;
  }
}

TEST(SecretsManager, lists_the_versions_of_all_pages) {
  FakeAws aws([](const std::string&, std::size_t number) {
    return answer_of(
        200,
        number == 0
            ? R"({"Versions":[{"VersionId":"a","VersionStages":["X","Y"],"CreatedDate":1.5E9}],"NextToken":"n"})"
            : R"({"Versions":[{"VersionId":"b"}]})");
  });
  const auto versions = SecretsManager(aws.client).list_versions("s");
  ASSERT_EQ(versions->size(), 2U);
  EXPECT_EQ((*versions)[0].stages, (std::vector<std::string>{"X", "Y"}));
  EXPECT_EQ((*versions)[0].created, "1.5E9");
  EXPECT_EQ((*versions)[1].version_id, "b");
  EXPECT_EQ(body_of(aws.server.requests()[0]), R"({"SecretId":"s","IncludeDeprecated":true})");
  EXPECT_EQ(body_of(aws.server.requests()[1]),
            R"({"SecretId":"s","IncludeDeprecated":true,"NextToken":"n"})");
}

TEST(SecretsManager, ends_a_list_that_does_not_end) {
  FakeAws aws(always(answer_of(200, R"({"Versions":[],"NextToken":"n"})")));
  EXPECT_EQ(SecretsManager(aws.client).list_versions("s").error().code, ErrorCode::kLimit);
  EXPECT_EQ(aws.server.requests().size(), limits::kAwsPages);
}

TEST(SecretsManager, writes_what_the_cli_asks_for) {
  FakeAws aws(always(answer_of(
      200,
      R"({"ARN":"arn","VersionId":"v","VersionIdsToStages":{"v":["AWSCURRENT"],"w":[]},"KmsKeyId":"k"})")));
  SecretsManager secrets(aws.client);
  EXPECT_EQ(*secrets.create("n", Bytes{1}, "t"), "v");
  EXPECT_EQ(*secrets.put("s", Bytes{1}, {"AWSPENDING", "B"}, "t"), "v");
  EXPECT_TRUE(secrets.move_stage("s", "AWSCURRENT", "v", "w").ok());
  EXPECT_TRUE(secrets.move_stage("s", "X", "v", "").ok());
  const auto description = secrets.describe("s");
  EXPECT_EQ(description->stages.at("v"), std::vector<std::string>{"AWSCURRENT"});
  EXPECT_EQ(description->kms_key_id, "k");
  EXPECT_FALSE(description->deletion_pending);
  const auto requests = aws.server.requests();
  EXPECT_EQ(body_of(requests[0]), R"({"Name":"n","SecretBinary":"AQ==","ClientRequestToken":"t"})");
  EXPECT_EQ(
      body_of(requests[1]),
      R"({"SecretId":"s","SecretBinary":"AQ==","VersionStages":["AWSPENDING","B"],"ClientRequestToken":"t"})");
  EXPECT_EQ(
      body_of(requests[2]),
      R"({"SecretId":"s","VersionStage":"AWSCURRENT","RemoveFromVersionId":"v","MoveToVersionId":"w"})");
  EXPECT_EQ(body_of(requests[3]), R"({"SecretId":"s","VersionStage":"X","RemoveFromVersionId":"v"})");
}

TEST(SecretsManager, creates_a_secret_without_a_version) {
  FakeAws aws(always(answer_of(200, R"({"ARN":"arn","Name":"n"})")));
  EXPECT_EQ(*SecretsManager(aws.client).create_empty("n"), "arn");
  EXPECT_EQ(body_of(aws.server.requests()[0]), R"({"Name":"n"})");
}

TEST(SecretsManager, refuses_a_created_secret_without_an_arn) {
  for (const char* body : {R"({"Name":"n"})", R"({"ARN":""})", R"({"ARN":7})"}) {
    FakeAws aws(always(answer_of(200, body)));
    EXPECT_EQ(SecretsManager(aws.client).create_empty("n").error().code, ErrorCode::kMalformed) << body;
  }
}

std::string page(const std::string& contents, const std::string& rest) {
  return answer_of(200,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
                   "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
                       contents + rest + "</ListBucketResult>");
}

TEST(S3, lists_the_objects_of_all_pages) {
  FakeAws aws([](const std::string& request, std::size_t) {
    const std::string encoding = "<EncodingType>url</EncodingType>";
    if (request.find("continuation-token=t%2F1") == std::string::npos)
      return page("<Contents><Key>p/a%2Bb+c</Key><ETag>\"1\"</ETag><Size>5</Size></Contents>" + encoding,
                  "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1</NextContinuationToken>");
    return page("<Contents><Key>p/d</Key><ETag>&quot;2&quot;</ETag><Size>0</Size></Contents>" + encoding,
                "<IsTruncated>false</IsTruncated>");
  });
  const auto objects = S3(aws.client, "bucket").list("p/");
  ASSERT_EQ(objects->size(), 2U);
  EXPECT_EQ((*objects)[0].key, "p/a+b c");
  EXPECT_EQ((*objects)[0].size, 5U);
  EXPECT_EQ((*objects)[1].etag, "\"2\"");
  EXPECT_TRUE(aws.server.requests()[0].starts_with(
      "GET /bucket?encoding-type=url&list-type=2&prefix=p%2F HTTP/1.1\r\n"));
  EXPECT_NE(aws.server.requests()[0].find("x-amz-content-sha256: e3b0c442"), std::string::npos);
}

TEST(S3, refuses_lists_of_another_shape) {
  for (const std::string& bad :
       {answer_of(200, ""), answer_of(200, "<Other/>"), answer_of(200, "<!DOCTYPE x><ListBucketResult/>"),
        page("<Contents><ETag>e</ETag><Size>1</Size></Contents>", ""),
        page("<Contents><Key>p/a</Key><Size>1</Size></Contents>", ""),
        page("<Contents><Key>p/a</Key><ETag>e</ETag><Size>-1</Size></Contents>", ""),
        page("<Contents><Key>p/a</Key><ETag>e</ETag></Contents>", ""),
        page("<Contents><Key>q/a</Key><ETag>e</ETag><Size>1</Size></Contents>", ""),
        page(
            "<EncodingType>url</EncodingType><Contents><Key>p/%</Key><ETag>e</ETag><Size>1</Size></Contents>",
            ""),
        page("", "<IsTruncated>true</IsTruncated>"), page("", "<IsTruncated>yes</IsTruncated>")}) {
    FakeAws aws(always(bad));
    EXPECT_EQ(S3(aws.client, "bucket").list("p/").error().code, ErrorCode::kMalformed) << bad;
  }
  FakeAws endless(
      always(page("", "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>")));
  EXPECT_EQ(S3(endless.client, "bucket").list("").error().code, ErrorCode::kLimit);
}

TEST(S3, reads_an_object_unless_it_is_as_before) {
  FakeAws aws([](const std::string& request, std::size_t) {
    if (request.find("if-none-match: \"1\"\r\n") != std::string::npos)
      return std::string("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
    return answer_of(200, "content", "ETag: \"1\"\r\n");
  });
  S3 s3(aws.client, "bucket");
  const auto content = s3.get("p/a b+c", "", 100);
  EXPECT_EQ((*content)->body, "content");
  EXPECT_EQ((*content)->etag, "\"1\"");
  EXPECT_TRUE(aws.server.requests()[0].starts_with("GET /bucket/p/a%20b%2Bc HTTP/1.1\r\n"));
  EXPECT_EQ(*s3.get("p/a", "\"1\"", 100), std::nullopt);
  EXPECT_TRUE(s3.get("p/a", "\"0\"", 100)->has_value());
}

TEST(S3, refuses_objects_that_are_too_large_cut_short_or_missing) {
  const auto code = [](const std::string& answer, std::size_t max_bytes = 7) {
    FakeAws aws(always(answer));
    return S3(aws.client, "bucket").get("k", "", max_bytes).error().code;
  };
  EXPECT_EQ(code(answer_of(200, "8 bytes!")), ErrorCode::kLimit);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\n\r\n8 bytes!"), ErrorCode::kLimit);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n6 byte"), ErrorCode::kTruncated);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n7 bytes\r\n"),
            ErrorCode::kTruncated);
  EXPECT_EQ(code(answer_of(404, "<Error><Code>NoSuchKey</Code></Error>")), ErrorCode::kNotFound);
  EXPECT_EQ(code("HTTP/1.1 304 Not Modified\r\n\r\n"), ErrorCode::kMalformed);
  EXPECT_EQ(code(answer_of(204, "")), ErrorCode::kMalformed);
}

TEST(S3, is_asked_by_host_name_unless_the_bucket_has_a_dot) {
  FakeAws aws(always(""));
  for (const auto& [bucket, host] : {std::pair{"bucket", "bucket.s3.us-east-1.amazonaws.com:443"},
                                     {"my.bucket", "s3.us-east-1.amazonaws.com:443"}}) {
    FixedDialer dialer(aws.server.endpoint());
    Client client({dialer, nullptr, aws.clock}, aws.credentials, system_pacing(), {.region = "us-east-1"});
    EXPECT_FALSE(S3(client, bucket).get("k", "", 1).ok());
    EXPECT_EQ(dialer.hosts, std::vector<std::string>{host});
  }
}

}  // namespace
}  // namespace nes::aws

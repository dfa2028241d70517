// The values of single variables: what is accepted, and beside it what is not.
#include "enclave/config/values.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "enclave/config/config_testing.h"
#include "enclave/config/url.h"

namespace nes::config {
namespace {

std::string base64(std::string_view text) { return base::base64_encode(as_bytes(text)); }

template <typename T>
bool accepted(const Value<T>& value) {
  return std::holds_alternative<T>(value);
}

template <typename T>
std::string refusal(const Value<T>& value) {
  const auto* rejection = std::get_if<Rejection>(&value);
  return rejection ? rejection->what : "accepted";
}

// Sets one variable beside the required ones and expects the whole line.
void expect_line(const std::string& name, const std::string& value, const std::string& what) {
  EXPECT_EQ(errors_of(with({{name, value}})), "config: " + name + ": " + what + " (got: " + value + ")\n");
}

TEST(SecretArn, is_taken_verbatim) {
  const auto value =
      parse_secret_arn("arn:aws-us-gov:secretsmanager:us-gov-west-1:000000000000:secret:a/b_c+d=e.f@g-h");
  ASSERT_TRUE(accepted(value));
  EXPECT_EQ(std::get<SecretArn>(value).region, "us-gov-west-1");
  EXPECT_TRUE(accepted(parse_secret_arn("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:x")));
}

TEST(SecretArn, refuses_other_forms) {
  for (const std::string wrong : {
           "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
           "arn:aws:secretsmanager:us-east-1:123456789012:secret",
           "arn:aws:secretsmanager:us-east-1:12345678901:secret:x",
           "arn:aws:secretsmanager:us-east-1:1234567890123:secret:x",
           "arn:aws:secretsmanager:us-east-1:12345678901a:secret:x",
           "arn:aws:secretsmanager::123456789012:secret:x",
           "arn:aws:secretsmanager:us-east:123456789012:secret:x",
           "arn:aws:secretsmanager:US-EAST-1:123456789012:secret:x",
           "arn:aws-iso:secretsmanager:us-east-1:123456789012:secret:x",
           "arn:aws:ssm:us-east-1:123456789012:secret:x",
           "arn:aws:secretsmanager:us-east-1:123456789012:secret:x:y",
           "arn:aws:secretsmanager:us-east-1:123456789012:secret:x y",
           " arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
           "nitro/dek",
       }) {
    expect_line("SECRET_ARN", wrong, "must be arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME");
    expect_line("TLS_SECRET_ARN", wrong, "must be arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME");
  }
}

TEST(KmsKeyId, is_a_key_arn_or_an_id) {
  const std::string mrk = "mrk-0123456789abcdef0123456789abcdef";
  for (const std::string& right :
       {std::string(kKeyId), mrk, "arn:aws:kms:us-east-1:123456789012:key/" + std::string(kKeyId),
        "arn:aws-cn:kms:cn-north-1:123456789012:key/" + mrk}) {
    EXPECT_TRUE(accepted(parse_kms_key_id(right))) << right;
  }
}

TEST(KmsKeyId, refuses_other_forms) {
  for (const std::string wrong : {
           "1234abcd-12ab-34cd-56ef-1234567890a",
           "1234abcd-12ab-34cd-56ef-1234567890abc",
           "1234abcd-12ab-34cd-56ef1234567890ab",
           "1234abcg-12ab-34cd-56ef-1234567890ab",
           "mrk-0123456789abcdef0123456789abcde",
           "mrk-0123456789abcdef0123456789abcdef0",
           "arn:aws:kms:us-east-1:123456789012:key/",
           "arn:aws:kms:us-east-1:123456789012:1234abcd-12ab-34cd-56ef-1234567890ab",
           "arn:aws:kms:us-east-1:12345678901:key/1234abcd-12ab-34cd-56ef-1234567890ab",
           "arn:aws:s3:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
       }) {
    expect_line("KMS_KEY_ID", wrong, "must be a KMS key ARN or key id");
  }
}

TEST(KmsKeyId, says_that_an_alias_is_refused) {
  for (const std::string alias : {"alias/dek", "alias/", "arn:aws:kms:us-east-1:123456789012:alias/dek"}) {
    expect_line("KMS_KEY_ID", alias, "is an alias; give the key's ARN or id");
  }
}

TEST(Bucket, follows_the_naming_rules) {
  for (const std::string& right : {std::string("abc"), std::string("a.b-c"), std::string("123"),
                                   std::string(63, 'a'), std::string("1.2.3.4.5")}) {
    EXPECT_TRUE(accepted(parse_bucket(right))) << right;
  }
  for (const std::string& wrong :
       {std::string("ab"), std::string(64, 'a'), std::string("Abc"), std::string("a_c"), std::string("-bc"),
        std::string("ab-"), std::string(".bc"), std::string("a..c"), std::string("192.168.5.4"),
        std::string("xn--abc"), std::string("s3://abc"), std::string("abc/")}) {
    expect_line("S3_BUCKET", wrong, "must be the name of an S3 bucket");
  }
}

TEST(S3Prefix, is_printable_utf8_that_does_not_begin_with_a_slash) {
  for (const std::string& right :
       {std::string("a"), std::string("a/b"), std::string("schémas/"), std::string(512, 'p')}) {
    EXPECT_TRUE(accepted(parse_s3_prefix(right))) << right;
  }
  for (const std::string& wrong : {std::string("/"), std::string("/schemas/"), std::string("a\n"),
                                   std::string("a\x7f"), std::string("a\xc2\x85"), std::string("a\xff"),
                                   std::string("a\xc3"), std::string(513, 'p'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(accepted(parse_s3_prefix(wrong))) << wrong;
  }
  expect_line("S3_PREFIX", "/x",
              "must be at most 512 bytes of UTF-8 without control characters that do not begin with /");
}

TEST(Region, has_the_form_of_one) {
  for (const std::string right :
       {"us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-northwest-1", "mx-central-1"}) {
    EXPECT_TRUE(is_region(right)) << right;
  }
  for (const std::string wrong : {"us-east", "us-east-", "us-east-123", "us--1", "use-east-1", "us-east-1a",
                                  "us_east_1", "-us-east-1", "us-east-1.evil.example"}) {
    expect_line("AWS_REGION", wrong, "must be the name of an AWS region");
  }
}

TEST(SchemaHeaderName, is_a_token_without_a_meaning_of_its_own) {
  EXPECT_TRUE(accepted(parse_schema_header_name(std::string(64, 'x'))));
  for (const std::string& wrong :
       {std::string("X Schema"), std::string("X-Schema:"), std::string("Sch\xc3\xa9ma"), std::string(65, 'x'),
        std::string("a\r\nb")}) {
    EXPECT_EQ(refusal(parse_schema_header_name(wrong)), "") << wrong;
  }
  for (const std::string taken : {"Host", "CONTENT-LENGTH", "transfer-encoding", "Connection", "Content-Type",
                                  "Expect", "TE", "Trailer", "Upgrade", "Prefer", "traceparent",
                                  "Retry-After", "X-Fields-Sealed", "X-Lines-Failed", "Authorization"}) {
    expect_line("SCHEMA_HEADER_NAME", taken, "is a header with a meaning of its own");
  }
  expect_line("SCHEMA_HEADER_NAME", "X Schema", "must be an HTTP field name of at most 64 characters");
}

TEST(DekEncryptionContext, is_a_json_object_of_strings) {
  EXPECT_EQ(std::get<EncryptionContext>(parse_encryption_context(" { \"k\" : \"v\\n\" } ")),
            (EncryptionContext{{"k", "v\n"}}));
  for (const std::string wrong :
       {"", "null", "[]", "\"a\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[]}", "{\"a\":\"b\"",
        "{\"a\":\"b\"}}", "{\"a\":\"b\",}", "{'a':'b'}", "{\"a\":\"\\ud800\"}"}) {
    EXPECT_EQ(refusal(parse_encryption_context(wrong)), "") << wrong;
  }
  EXPECT_EQ(refusal(parse_encryption_context(R"({"":"x"})")), "has an empty key");
  EXPECT_EQ(refusal(parse_encryption_context(R"({"a":"x","\u0061":"x"})")), "repeats a key");
  const auto sized = [](std::size_t size) { return "{\"a\":\"" + std::string(size - 8, 'x') + "\"}"; };
  EXPECT_TRUE(accepted(parse_encryption_context(sized(8192))));
  EXPECT_EQ(refusal(parse_encryption_context(sized(8193))), "is longer than 8192 bytes");
  EXPECT_EQ(errors_of(with({{"DEK_ENCRYPTION_CONTEXT", "[]"}})),
            "config: DEK_ENCRYPTION_CONTEXT: must be a JSON object of strings (got: not shown)\n");
}

TEST(TlsServerNames, are_dns_names_and_addresses) {
  const auto value = parse_server_names("Api.Example,*.example,10.0.0.1,::1,a");
  ASSERT_TRUE(accepted(value));
  Bytes loopback(16);
  loopback.back() = 1;
  EXPECT_EQ(std::get<std::vector<ServerName>>(value), (std::vector<ServerName>{{"api.example", {}},
                                                                               {"*.example", {}},
                                                                               {"10.0.0.1", {10, 0, 0, 1}},
                                                                               {"::1", loopback},
                                                                               {"a", {}}}));
}

TEST(TlsServerNames, refuses_what_is_neither) {
  for (const std::string wrong : {"*", "a.*.b", "*a.b", "a_b", "-a", "a-", "a.", ".a", "a..b", "1.2.3",
                                  "256.1.1.1", "[::1]", "a b", ":::"}) {
    expect_line("TLS_SERVER_NAMES", "ok," + wrong, "name 2 is neither a DNS name nor an IP address");
  }
  expect_line("TLS_SERVER_NAMES", "a,", "name 2 is neither a DNS name nor an IP address");
  EXPECT_FALSE(accepted(parse_server_names(std::string_view("1.2.3.4\0x", 9))));
  std::string many = "a";
  for (int i = 1; i < 64; ++i) many += ",a";
  EXPECT_TRUE(accepted(parse_server_names(many)));
  EXPECT_EQ(refusal(parse_server_names(many + ",a")), "has more than 64 names");
}

TEST(DnsName, is_bounded_as_a_whole_and_by_label) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_dns_name(label));
  EXPECT_FALSE(is_dns_name(label + "a"));
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_EQ(name.size(), 253U);
  EXPECT_TRUE(is_dns_name(name));
  EXPECT_FALSE(is_dns_name(name + "a"));
  EXPECT_FALSE(is_dns_name(""));
}

TEST(TlsClientCa, is_base64_of_pem_certificates) {
  const std::string begin = "-----BEGIN CERTIFICATE-----\n", end = "-----END CERTIFICATE-----\n";
  const std::string one = begin + "MA\nA=\n" + end;
  const std::pair<std::string, std::string> kCases[] = {
      {one, "accepted"},
      {"subject: a CA\n" + one + "\n" + one, "accepted"},
      {"-----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----\r\n", "accepted"},
      {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", "accepted"},
      {"hello\n", "has no PEM CERTIFICATE block"},
      {end, "has no PEM CERTIFICATE block"},
      {begin + "MAA=\n", "has a CERTIFICATE block without an end"},
      {begin + "MAA=\n" + one, "has a CERTIFICATE block that is not base64 of DER"},
      {begin + end, "has a CERTIFICATE block that is not base64 of DER"},
      {begin + "MAA\n" + end, "has a CERTIFICATE block that is not base64 of DER"},
      {begin + "AAA=\n" + end, "has a CERTIFICATE block that is not base64 of DER"},
      {one + "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
       "has a PEM block that is not a CERTIFICATE"},
      {"-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n", "has a PEM block that is not a CERTIFICATE"},
      {" " + one, "has a BEGIN line that does not begin its line"},
  };
  for (const auto& [pem, expected] : kCases)
    EXPECT_EQ(refusal(parse_certificate_bundle(base64(pem))), expected) << pem;
  EXPECT_EQ(refusal(parse_certificate_bundle(base64(one) + "\n")), "is not base64");
  EXPECT_EQ(refusal(parse_certificate_bundle(one)), "is not base64");
  std::string many;
  for (int i = 0; i < 64; ++i) many += one;
  EXPECT_EQ(refusal(parse_certificate_bundle(base64(many))), "accepted");
  EXPECT_EQ(refusal(parse_certificate_bundle(base64(many + one))), "has more than 64 certificates");
}

// The key of RFC 8410 section 10.1.
TEST(SchemaPublicKey, is_an_ed25519_spki) {
  const std::string spki = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
  const auto value = parse_ed25519_public_key(spki);
  ASSERT_TRUE(accepted(value));
  EXPECT_EQ(base::hex_encode(std::get<Ed25519PublicKey>(value)),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");

  Bytes der = *base::base64_decode(spki);
  for (std::size_t i = 0; i < 12; ++i) {
    der[i] ^= 1;
    EXPECT_FALSE(accepted(parse_ed25519_public_key(base::base64_encode(der)))) << i;
    der[i] ^= 1;
  }
  der.push_back(0);
  EXPECT_FALSE(accepted(parse_ed25519_public_key(base::base64_encode(der))));
  der.resize(43);
  EXPECT_FALSE(accepted(parse_ed25519_public_key(base::base64_encode(der))));
  EXPECT_EQ(errors_of(with({{"SCHEMA_PUBLIC_KEY", spki + "\n"}})),
            "config: SCHEMA_PUBLIC_KEY: must be base64 of an Ed25519 SubjectPublicKeyInfo, 44 bytes (got: "
            "not shown)\n");
}

}  // namespace
}  // namespace nes::config

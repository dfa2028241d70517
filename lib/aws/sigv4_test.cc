#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "aws/time_text.h"
#include "crypto/sha256.h"

namespace nes::aws {
namespace {

struct Vector {
  const char* name;
  const char* method;
  const char* path;
  Query query;
  Headers headers;
  std::string body;
  const char* signature;
};

Credentials credentials_of(std::string_view id, std::string_view key, std::string_view token = "") {
  return {std::string(id), secret::SecretBytes::copy_of(as_bytes(key)), std::string(token), INT64_MAX};
}

std::string header(const Headers& headers, std::string_view name) {
  for (const auto& [have, value] : headers)
    if (have == name) return value;
  return {};
}

std::string signature_of(const Vector& vector, const Credentials& credentials, const SigningScope& scope) {
  const auto added = sign({vector.method, vector.path, vector.query, vector.headers, as_bytes(vector.body)},
                          credentials, scope);
  if (!added.ok()) return {};
  const std::string authorization = header(*added, "authorization");
  return authorization.substr(authorization.rfind('=') + 1);
}

// AWS's aws-sig-v4-test-suite: its key, time, region and service, and the signatures of its .authz files.
TEST(SigV4, gives_the_signatures_of_the_published_test_suite) {
  const Headers host{{"Host", "example.amazonaws.com"}};
  const auto with = [&](Headers more) {
    more.insert(more.begin(), host.front());
    return more;
  };
  const std::string unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const Vector vectors[] = {
      {"get-vanilla",
       "GET",
       "/",
       {},
       host,
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       host,
       "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       {{unreserved, unreserved}},
       host,
       "",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-empty-query-key",
       "GET",
       "/",
       {{"Param1", "value1"}},
       host,
       "",
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-utf8",
       "GET",
       "/\u1234",
       {},
       host,
       "",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-space",
       "GET",
       "/example space/",
       {},
       host,
       "",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-header-value-trim",
       "GET",
       "/",
       {},
       with({{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}),
       "",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       {},
       with({{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}}),
       "",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       {},
       with({{"My-Header1", "value4"},
             {"My-Header1", "value1"},
             {"My-Header1", "value3"},
             {"My-Header1", "value2"}}),
       "",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"post-vanilla",
       "POST",
       "/",
       {},
       host,
       "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-sort",
       "POST",
       "/",
       {},
       with({{"My-Header1", "value1"}}),
       "",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       {},
       with({{"My-Header1", "VALUE1"}}),
       "",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {},
       with({{"Content-Type", "application/x-www-form-urlencoded"}}),
       "Param1=value1",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"normalize-path/get-slash",
       "GET",
       "//",
       {},
       host,
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-relative",
       "GET",
       "/example/..",
       {},
       host,
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-relative-relative",
       "GET",
       "/example1/example2/../..",
       {},
       host,
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-slash-dot-slash",
       "GET",
       "/./",
       {},
       host,
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
  };
  const Credentials credentials = credentials_of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const SigningScope scope{
      .region = "us-east-1", .service = "service", .unix_ms = *parse_rfc3339_ms("2015-08-30T12:36:00Z")};
  for (const Vector& vector : vectors)
    EXPECT_EQ(signature_of(vector, credentials, scope), vector.signature) << vector.name;
}

// The examples of "Authenticating Requests: Using the Authorization Header" in the S3 API reference.
TEST(SigV4, gives_the_signatures_of_the_s3_reference) {
  const Headers host{{"Host", "examplebucket.s3.amazonaws.com"}};
  const Vector vectors[] = {
      {"GET object",
       "GET",
       "/test.txt",
       {},
       {host.front(), {"Range", "bytes=0-9"}},
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT object",
       "PUT",
       "/test%24file.text",
       {},
       {host.front(),
        {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET bucket lifecycle",
       "GET",
       "/",
       {{"lifecycle", ""}},
       host,
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"list objects",
       "GET",
       "/",
       {{"max-keys", "2"}, {"prefix", "J"}},
       host,
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  const Credentials credentials =
      credentials_of("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  const SigningScope scope{.region = "us-east-1",
                           .service = "s3",
                           .style = SigningStyle::kS3,
                           .unix_ms = *parse_rfc3339_ms("2013-05-24T00:00:00Z")};
  for (const Vector& vector : vectors)
    EXPECT_EQ(signature_of(vector, credentials, scope), vector.signature) << vector.name;
}

TEST(SigV4, encodes_paths_once_for_s3_and_twice_for_others) {
  const Query query;
  const Headers headers;
  const SignableRequest request{"GET", "/a%20b/../c//d/", query, headers, {}};
  const auto second_line = [&](SigningStyle style) {
    const std::string text = canonical_request(request, headers, style, "hash");
    const std::size_t begin = text.find('\n') + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(second_line(SigningStyle::kS3), "/a%20b/../c//d/");
  EXPECT_EQ(second_line(SigningStyle::kCommon), "/c/d/");
  const SignableRequest spaced{"GET", "/a%20b", query, headers, {}};
  EXPECT_NE(canonical_request(spaced, headers, SigningStyle::kCommon, "").find("/a%2520b\n"),
            std::string::npos);
}

TEST(SigV4, adds_and_signs_what_the_credentials_and_the_service_ask_for) {
  const Headers host{{"host", "h"}};
  const Query query;
  const SignableRequest request{"GET", "/", query, host, as_bytes("x")};
  const auto plain = sign(request, credentials_of("A", "k"), {.region = "r", .service = "kms"});
  EXPECT_EQ(header(*plain, "x-amz-security-token"), "");
  EXPECT_EQ(header(*plain, "x-amz-content-sha256"), "");
  const auto full = sign(request, credentials_of("A", "k", "t"),
                         {.region = "r", .service = "s3", .style = SigningStyle::kS3});
  EXPECT_EQ(header(*full, "x-amz-security-token"), "t");
  EXPECT_EQ(header(*full, "x-amz-content-sha256"), base::hex_encode(*crypto::sha256({as_bytes("x")})));
  EXPECT_NE(header(*full, "authorization")
                .find("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"),
            std::string::npos);
}

TEST(SigV4, refuses_empty_credentials) {
  const Query query;
  const Headers headers;
  const SignableRequest request{"GET", "/", query, headers, {}};
  EXPECT_FALSE(sign(request, credentials_of("", "k"), {}).ok());
  EXPECT_FALSE(sign(request, credentials_of("A", ""), {}).ok());
}

TEST(SigV4, takes_apart_what_it_has_put_together) {
  const Headers host{{"host", "h"}};
  const Query query;
  const SignableRequest request{"GET", "/", query, host, {}};
  const SigningScope scope{.region = "eu-west-1", .service = "kms", .unix_ms = 1'000'000'000'000};
  const auto signed_headers = sign(request, credentials_of("AKID", "k"), scope);
  const auto parsed = parse_authorization(header(*signed_headers, "authorization"));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->access_key_id, "AKID");
  EXPECT_EQ(parsed->day, "20010909");
  EXPECT_EQ(parsed->region, "eu-west-1");
  EXPECT_EQ(parsed->service, "kms");
  EXPECT_EQ(parsed->signed_headers, (std::vector<std::string>{"host", "x-amz-date"}));
  Headers all = host;
  all.emplace_back("x-amz-date", header(*signed_headers, "x-amz-date"));
  const std::string canonical =
      canonical_request(request, all, SigningStyle::kCommon, base::hex_encode(*crypto::sha256({})));
  EXPECT_EQ(*signature_of(canonical, secret::SecretBytes::copy_of(as_bytes("k")), scope), parsed->signature);
}

TEST(SigV4, refuses_authorization_headers_of_another_form) {
  const std::string credential = "Credential=A/20260102/r/s/aws4_request";
  const std::string names = "SignedHeaders=host;x-amz-date";
  const std::string signature = "Signature=" + std::string(64, 'a');
  const std::string good = "AWS4-HMAC-SHA256 " + credential + ", " + names + ", " + signature;
  EXPECT_TRUE(parse_authorization(good).ok());
  EXPECT_TRUE(parse_authorization("AWS4-HMAC-SHA256 " + signature + "," + names + "," + credential).ok());
  const auto with = [&](std::string_view part, std::string_view other) {
    std::string text = good;
    return text.replace(text.find(part), part.size(), other);
  };
  const std::string rejects[] = {
      "",
      with("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
      with(credential + ", ", ""),
      with(names + ", ", ""),
      with(", " + signature, ""),
      good + ", " + signature,
      good + ", Other=1",
      good + ",",
      with("=A/", "=/"),
      with("20260102", "2026010"),
      with("20260102", "2026010x"),
      with("/r/", "//"),
      with("/s/", "//"),
      with("aws4_request", "aws4_requests"),
      with("/aws4_request", ""),
      with("host;x-amz-date", "x-amz-date;host"),
      with("host;x-amz-date", "host;host"),
      with("host;x-amz-date", "host;"),
      with("host;x-amz-date", ";host"),
      with("host;x-amz-date", ""),
      with("host;", "Host;"),
      with("aaaa", "aaa"),
      with("aaaa", "aaaaa"),
      with("aaaa", "aaAa"),
  };
  for (const std::string& text : rejects) EXPECT_FALSE(parse_authorization(text).ok()) << text;
}

TEST(Uri, encodes_all_but_unreserved_characters_and_sorts_queries) {
  EXPECT_EQ(percent_encode("aZ0-._~/ \xC3\xA4+*"), "aZ0-._~%2F%20%C3%A4%2B%2A");
  EXPECT_EQ(percent_encode_path("/a b/%"), "/a%20b/%25");
  EXPECT_EQ(canonical_query({{"b", "2"}, {"a", "2"}, {"a", "1"}, {"A", ""}, {"a-", "="}}),
            "A=&a=1&a=2&a-=%3D&b=2");
}

TEST(Uri, parses_queries) {
  EXPECT_EQ(parse_query(""), Query());
  EXPECT_EQ(parse_query("b=2&a&c=%3D=+&&=x"), (Query{{"b", "2"}, {"a", ""}, {"c", "==+"}, {"", "x"}}));
  for (const char* text : {"a=%", "%2", "a&%2x=1"}) EXPECT_FALSE(parse_query(text)) << text;
}

TEST(Uri, decodes_keys_of_s3) {
  EXPECT_EQ(form_decode("a%2Fb+c%C3%A4"), "a/b c\xC3\xA4");
  for (const char* text : {"%", "%2", "%2x", "a%"}) EXPECT_FALSE(form_decode(text)) << text;
}

}  // namespace
}  // namespace nes::aws

#include "signed_schema/signed_schema.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/test_vectors.h"

namespace nes::signed_schema {
namespace {

using crypto::Ed25519PrivateKey;

constexpr std::string_view kText = "openapi: 3.1.0\n";

// `seed` as PKCS #8 (RFC 8410 section 7) in PEM.
Ed25519PrivateKey key_of_seed(ByteView seed) {
  Bytes der = base::hex_decode("302e020100300506032b657004220420").value();
  der.insert(der.end(), seed.begin(), seed.end());
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n" + base::base64_encode(der) + "\n-----END PRIVATE KEY-----\n";
  return Ed25519PrivateKey::from_pem(secret::SecretBytes::copy_of(as_bytes(pem))).value();
}

std::string sig_text(std::string_view version, std::string_view signature) {
  return "{\"version\":" + std::string(version) + ",\"signature\":\"" + std::string(signature) + "\"}";
}

const std::string kBase64 = base::base64_encode(Bytes(64, 7));

void expect_malformed(std::string_view text) {
  const auto parsed = parse(text);
  ASSERT_FALSE(parsed.ok()) << text;
  EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed) << text;
}

TEST(SignedSchema, gives_and_accepts_the_frozen_signatures) {
  const auto cases = crypto::read_test_cases(NES_TESTDATA "/vectors/signed_schema.txt");
  ASSERT_EQ(cases.size(), 2U);
  for (const crypto::TestCase& test : cases) {
    SCOPED_TRACE(test.text("name"));
    const auto key = key_of_seed(test.bytes("secret"));
    const Bytes bytes = test.bytes("text");
    const std::string_view text = as_text(bytes);
    const std::uint64_t version = std::stoull(test.text("version"));
    const auto made = sign(key, test.text("name"), version, text);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(format(*made), test.text("sig") + "\n");
    const auto parsed = parse(test.text("sig"));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->version, version);
    EXPECT_TRUE(verify(key.public_key().value(), *parsed, test.text("name"), text).ok());
  }
}

TEST(SignedSchema, refuses_another_name_version_text_or_key) {
  const auto key = Ed25519PrivateKey::generate().value();
  const auto public_key = key.public_key().value();
  const Signature good = sign(key, "payments-v1", 7, kText).value();
  EXPECT_TRUE(verify(public_key, good, "payments-v1", kText).ok());
  const auto refused = [&](const Signature& signature, std::string_view name, std::string_view text) {
    const auto verified = verify(public_key, signature, name, text);
    return !verified.ok() && verified.error().code == ErrorCode::kNotAllowed;
  };
  EXPECT_TRUE(refused(good, "payments-v2", kText));
  EXPECT_TRUE(refused(good, "payments-v", kText));
  EXPECT_TRUE(refused(good, "payments-v1", "openapi: 3.1.1\n"));
  EXPECT_TRUE(refused(good, "payments-v1", ""));
  EXPECT_TRUE(refused({6, good.bytes}, "payments-v1", kText));
  EXPECT_TRUE(refused({8, good.bytes}, "payments-v1", kText));
  Signature flipped = good;
  flipped.bytes[0] ^= 1;
  EXPECT_TRUE(refused(flipped, "payments-v1", kText));
  const auto other = Ed25519PrivateKey::generate().value().public_key().value();
  EXPECT_FALSE(verify(other, good, "payments-v1", kText).ok());
}

TEST(SignedSchema, takes_names_and_versions_up_to_their_limits) {
  const auto key = Ed25519PrivateKey::generate().value();
  const auto code = [&](const std::string& name, std::uint64_t version) {
    const auto made = sign(key, name, version, kText);
    return made.ok() ? ErrorCode::kInternal : made.error().code;
  };
  const std::string longest(limits::kSchemaNameBytes, 'n');
  EXPECT_TRUE(sign(key, longest, 1, kText).ok());
  EXPECT_EQ(code(longest + "n", 1), ErrorCode::kMalformed);
  EXPECT_EQ(code("", 1), ErrorCode::kMalformed);
  EXPECT_TRUE(sign(key, "n", kMaxVersion - 1, kText).ok());
  EXPECT_EQ(code("n", kMaxVersion), ErrorCode::kMalformed);
  EXPECT_EQ(code("n", 0), ErrorCode::kMalformed);
  const auto verified = verify(key.public_key().value(), Signature{}, "n", kText);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::kMalformed);
}

TEST(SignedSchema, parses_what_it_formats) {
  const Signature signature = sign(Ed25519PrivateKey::generate().value(), "n", 42, kText).value();
  const auto parsed = parse(format(signature));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->version, signature.version);
  EXPECT_EQ(parsed->bytes, signature.bytes);
}

TEST(SignedSchema, parses_members_in_any_order_with_white_space) {
  const auto parsed =
      parse(" {\n\t\"signature\" : \"" + kBase64 + "\" , \"version\" : 9007199254740991 }\r\n");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->version, kMaxVersion - 1);
}

TEST(SignedSchema, refuses_versions_that_are_no_plain_integer_in_range) {
  EXPECT_TRUE(parse(sig_text("1", kBase64)).ok());
  for (const std::string_view version :
       {"0", "-1", "-0", "1.0", "1e3", "1E0", "01", "+1", "9007199254740992", "18446744073709551616",
        "18446744073709551617", "\"1\"", "null", "true", "[1]", "{}", ""})
    expect_malformed(sig_text(version, kBase64));
}

TEST(SignedSchema, refuses_signatures_that_are_not_64_bytes_in_standard_base64) {
  expect_malformed(sig_text("1", base::base64_encode(Bytes(63, 7))));
  expect_malformed(sig_text("1", base::base64_encode(Bytes(65, 7))));
  expect_malformed(sig_text("1", ""));
  expect_malformed(sig_text("1", kBase64.substr(0, kBase64.size() - 2)));  // without its padding
  expect_malformed(sig_text("1", kBase64 + "\\n"));
  std::string url = base::base64_encode(Bytes(64, 0xFF));
  EXPECT_TRUE(parse(sig_text("1", url)).ok());
  std::ranges::replace(url, '/', '_');
  expect_malformed(sig_text("1", url));
  std::string unused_bits = kBase64;
  ++unused_bits[unused_bits.size() - 3];
  expect_malformed(sig_text("1", unused_bits));
  expect_malformed("{\"version\":1,\"signature\":7}");
  expect_malformed("{\"version\":1,\"signature\":null}");
}

TEST(SignedSchema, refuses_unknown_repeated_and_missing_members) {
  const std::string version = "\"version\":1";
  const std::string signature = "\"signature\":\"" + kBase64 + "\"";
  EXPECT_TRUE(parse("{" + version + "," + signature + "}").ok());
  expect_malformed("{" + version + "}");
  expect_malformed("{" + signature + "}");
  expect_malformed("{}");
  expect_malformed("{" + version + "," + version + "," + signature + "}");
  expect_malformed("{" + version + "," + signature + "," + signature + "}");
  expect_malformed("{" + version + "," + signature + ",\"name\":\"n\"}");
  expect_malformed("{\"Version\":1," + signature + "}");
}

TEST(SignedSchema, refuses_anything_but_one_object) {
  const std::string good = sig_text("1", kBase64);
  for (std::size_t size = 0; size < good.size(); ++size) expect_malformed(good.substr(0, size));
  expect_malformed(good + good);
  expect_malformed(good + "x");
  expect_malformed("[" + good + "]");
  expect_malformed("null");
  expect_malformed("\"" + kBase64 + "\"");
}

}  // namespace
}  // namespace nes::signed_schema

#include "crypto/ed25519.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/test_vectors.h"

namespace nes::crypto {
namespace {

// RFC 8410 sections 4 and 7: the bytes before a key in SubjectPublicKeyInfo and in PKCS #8.
constexpr std::string_view kPublicPrefix = "302a300506032b6570032100";
constexpr std::string_view kPrivatePrefix = "302e020100300506032b657004220420";

Bytes with_prefix(std::string_view prefix, ByteView key) {
  Bytes der = base::hex_decode(prefix).value();
  der.insert(der.end(), key.begin(), key.end());
  return der;
}

std::string pem_text(ByteView der, const std::string& label = "PRIVATE KEY") {
  return "-----BEGIN " + label + "-----\n" + base::base64_encode(der) + "\n-----END " + label + "-----\n";
}

Result<Ed25519PrivateKey> from_pem(std::string_view text) {
  return Ed25519PrivateKey::from_pem(secret::SecretBytes::copy_of(as_bytes(text)));
}

std::vector<TestCase> vectors() { return read_test_cases(NES_TESTDATA "/vectors/rfc8032_ed25519.txt"); }

TEST(Ed25519, gives_the_signatures_of_rfc_8032) {
  const auto cases = vectors();
  ASSERT_EQ(cases.size(), 4U);
  for (const TestCase& test : cases) {
    SCOPED_TRACE(test.text("case"));
    const auto key = from_pem(pem_text(with_prefix(kPrivatePrefix, test.bytes("secret"))));
    ASSERT_TRUE(key.ok());
    const auto public_key = key->public_key();
    ASSERT_TRUE(public_key.ok());
    EXPECT_EQ(public_key->to_der().value(), with_prefix(kPublicPrefix, test.bytes("public")));
    const auto signature = key->sign(test.bytes("message"));
    ASSERT_TRUE(signature.ok());
    EXPECT_EQ(base::hex_encode(*signature), test.text("signature"));
    EXPECT_TRUE(public_key->verify(test.bytes("message"), *signature).ok());
  }
}

TEST(Ed25519, refuses_a_signature_with_any_bit_flipped) {
  const TestCase test = vectors()[2];
  const auto key = Ed25519PublicKey::from_der(with_prefix(kPublicPrefix, test.bytes("public"))).value();
  Ed25519Signature signature{};
  const Bytes bytes = test.bytes("signature");
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Ed25519Signature flipped = signature;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
    const auto verified = key.verify(test.bytes("message"), flipped);
    ASSERT_FALSE(verified.ok()) << bit;
    ASSERT_EQ(verified.error().code, ErrorCode::kNotAllowed);
  }
  EXPECT_TRUE(key.verify(test.bytes("message"), signature).ok());
}

TEST(Ed25519, refuses_a_signature_over_another_message_or_under_another_key) {
  const auto key = Ed25519PrivateKey::generate().value();
  const auto signature = key.sign(as_bytes("one")).value();
  EXPECT_TRUE(key.public_key().value().verify(as_bytes("one"), signature).ok());
  EXPECT_FALSE(key.public_key().value().verify(as_bytes("onf"), signature).ok());
  EXPECT_FALSE(key.public_key().value().verify(as_bytes("on"), signature).ok());
  const auto other = Ed25519PrivateKey::generate().value();
  EXPECT_FALSE(other.public_key().value().verify(as_bytes("one"), signature).ok());
}

// RFC 8032 section 5.1.7: S is below the group's order, so that no second signature can be made of a first.
TEST(Ed25519, refuses_a_signature_whose_s_has_the_order_added) {
  const TestCase test = vectors()[1];
  const auto key = Ed25519PublicKey::from_der(with_prefix(kPublicPrefix, test.bytes("public"))).value();
  const Bytes order =
      base::hex_decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").value();
  Ed25519Signature signature{};
  const Bytes bytes = test.bytes("signature");
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(key.verify(test.bytes("message"), signature).ok());
}

TEST(Ed25519, refuses_a_public_key_in_another_encoding) {
  const Bytes der = with_prefix(kPublicPrefix, vectors()[0].bytes("public"));
  EXPECT_TRUE(Ed25519PublicKey::from_der(der).ok());
  for (std::size_t size = 0; size < der.size(); ++size)
    EXPECT_FALSE(Ed25519PublicKey::from_der(ByteView(der).first(size)).ok()) << size;
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_FALSE(Ed25519PublicKey::from_der(longer).ok());
  Bytes x25519 = der;
  x25519[8] = 0x6e;  // RFC 8410 section 3
  EXPECT_FALSE(Ed25519PublicKey::from_der(x25519).ok());
  Bytes long_form = der;  // BER: the outer length in two bytes
  long_form.insert(long_form.begin() + 1, 0x81);
  EXPECT_FALSE(Ed25519PublicKey::from_der(long_form).ok());
}

TEST(Ed25519, reads_back_the_pem_that_it_writes) {
  const auto key = Ed25519PrivateKey::generate().value();
  const auto pem = key.to_pem();
  ASSERT_TRUE(pem.ok());
  const auto again = Ed25519PrivateKey::from_pem(*pem);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_key().value().to_der().value(), key.public_key().value().to_der().value());
}

TEST(Ed25519, refuses_other_text_than_one_private_key) {
  const Bytes seed = vectors()[0].bytes("secret");
  const std::string good = pem_text(with_prefix(kPrivatePrefix, seed));
  EXPECT_TRUE(from_pem(good).ok());
  EXPECT_FALSE(from_pem("").ok());
  EXPECT_FALSE(from_pem(good.substr(0, good.size() / 2)).ok());
  EXPECT_FALSE(from_pem(" " + good).ok());
  EXPECT_FALSE(from_pem(good + good).ok());
  EXPECT_FALSE(from_pem(good + "x").ok());
  EXPECT_FALSE(from_pem(pem_text(with_prefix(kPrivatePrefix, seed), "EC PRIVATE KEY")).ok());
  Bytes longer = with_prefix(kPrivatePrefix, seed);
  longer.push_back(0);
  EXPECT_FALSE(from_pem(pem_text(longer)).ok());
  Bytes x25519 = with_prefix(kPrivatePrefix, seed);
  x25519[11] = 0x6e;
  EXPECT_FALSE(from_pem(pem_text(x25519)).ok());
  const auto error = from_pem(pem_text(Bytes(48, 1)));
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace nes::crypto

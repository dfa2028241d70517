#include "crypto/hkdf.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/test_vectors.h"

namespace nes::crypto {
namespace {

TEST(HkdfSha256, gives_the_results_of_rfc_5869_appendix_a) {
  const auto cases = read_test_cases(NES_TESTDATA "/vectors/rfc5869_hkdf_sha256.txt");
  ASSERT_EQ(cases.size(), 3U);
  for (const TestCase& test : cases) {
    SCOPED_TRACE(test.text("case"));
    Bytes out(test.bytes("output").size());
    ASSERT_TRUE(hkdf_sha256(test.secret("secret"), test.bytes("salt"), test.bytes("info"), out).ok());
    EXPECT_EQ(base::hex_encode(out), test.text("output"));
  }
}

// RFC 5869 section 2.2: a salt that is not given is a string of zeros as long as the hash.
TEST(HkdfSha256, takes_an_empty_salt_for_32_zeros) {
  const auto secret = secret::SecretBytes::copy_of(Bytes(32, 7));
  Bytes without(32), with(32);
  ASSERT_TRUE(hkdf_sha256(secret, {}, Bytes{1}, without).ok());
  ASSERT_TRUE(hkdf_sha256(secret, Bytes(32, 0), Bytes{1}, with).ok());
  EXPECT_EQ(without, with);
}

TEST(HkdfSha256, gives_other_bytes_for_another_secret_salt_or_info) {
  const auto derive = [](std::uint8_t secret, std::uint8_t salt, std::uint8_t info) {
    Bytes out(32);
    EXPECT_TRUE(hkdf_sha256(secret::SecretBytes::copy_of(Bytes{secret}), Bytes{salt}, Bytes{info}, out).ok());
    return out;
  };
  EXPECT_EQ(derive(1, 1, 1), derive(1, 1, 1));
  EXPECT_NE(derive(1, 1, 1), derive(2, 1, 1));
  EXPECT_NE(derive(1, 1, 1), derive(1, 2, 1));
  EXPECT_NE(derive(1, 1, 1), derive(1, 1, 2));
}

TEST(HkdfSha256, gives_up_to_255_hashes_and_not_one_byte_more) {
  const auto secret = secret::SecretBytes::copy_of(Bytes(32, 7));
  Bytes most(kHkdfSha256MaxOutput);
  EXPECT_TRUE(hkdf_sha256(secret, {}, {}, most).ok());
  Bytes more(kHkdfSha256MaxOutput + 1, 0xEE);
  const auto refused = hkdf_sha256(secret, {}, {}, more);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(std::all_of(more.begin(), more.end(), [](std::uint8_t byte) { return byte == 0; }));
}

TEST(HkdfSha256, refuses_an_empty_secret_and_an_empty_output) {
  Bytes out(32, 0xEE);
  const auto refused = hkdf_sha256(secret::SecretBytes(), {}, {}, out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(out, Bytes(32, 0)) << "nobody goes on with what was there before";
  EXPECT_FALSE(hkdf_sha256(secret::SecretBytes(32), {}, {}, {}).ok());
}

}  // namespace
}  // namespace nes::crypto

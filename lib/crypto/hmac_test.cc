#include "crypto/hmac.h"

#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "crypto/test_vectors.h"

namespace nes::crypto {
namespace {

std::string mac_of(HmacSha256& mac, std::initializer_list<ByteView> parts) {
  std::array<std::uint8_t, HmacSha256::kSize> out{};
  EXPECT_TRUE(mac.compute(parts, out).ok());
  return base::hex_encode(out);
}

TEST(HmacSha256, gives_the_results_of_rfc_4231) {
  const auto cases = read_test_cases(NES_TESTDATA "/vectors/rfc4231_hmac_sha256.txt");
  ASSERT_EQ(cases.size(), 7U);
  for (const TestCase& test : cases) {
    SCOPED_TRACE(test.text("case"));
    auto mac = HmacSha256::create(test.secret("key"));
    ASSERT_TRUE(mac.ok());
    const std::string& expected = test.text("mac");
    EXPECT_EQ(mac_of(*mac, {test.bytes("data")}).substr(0, expected.size()), expected);
  }
}

TEST(HmacSha256, gives_the_same_for_every_division_into_parts_on_one_object) {
  auto mac = HmacSha256::create(secret::SecretBytes::copy_of(Bytes(32, 7))).value();
  Bytes message(200);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i);
  const ByteView whole(message);
  const std::string expected = mac_of(mac, {whole});
  for (std::size_t cut = 0; cut <= whole.size(); ++cut)
    ASSERT_EQ(mac_of(mac, {whole.first(cut), {}, whole.subspan(cut)}), expected) << cut;
  EXPECT_NE(mac_of(mac, {whole.first(199)}), expected);
  EXPECT_EQ(mac_of(mac, {}), mac_of(mac, {ByteView()}));
}

TEST(HmacSha256, gives_other_bytes_for_another_key) {
  auto one = HmacSha256::create(secret::SecretBytes::copy_of(Bytes(32, 1))).value();
  auto other = HmacSha256::create(secret::SecretBytes::copy_of(Bytes(32, 2))).value();
  EXPECT_NE(mac_of(one, {Bytes{1}}), mac_of(other, {Bytes{1}}));
}

TEST(HmacSha256, refuses_an_empty_key) {
  const auto mac = HmacSha256::create(secret::SecretBytes());
  ASSERT_FALSE(mac.ok());
  EXPECT_EQ(mac.error().code, ErrorCode::kMalformed);
}

TEST(HmacSha256, works_on_after_a_move) {
  auto source = HmacSha256::create(secret::SecretBytes::copy_of(Bytes(32, 1))).value();
  const std::string expected = mac_of(source, {Bytes{1}});
  HmacSha256 target(std::move(source));
  EXPECT_EQ(mac_of(target, {Bytes{1}}), expected);
}

}  // namespace
}  // namespace nes::crypto

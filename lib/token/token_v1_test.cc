// The older form, which is opened and no longer made: its tokens are made here.
#include <algorithm>
#include <array>
#include <initializer_list>

#include <gtest/gtest.h>

#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "token/token.h"
#include "token/token_fixture.h"

namespace nes::token {
namespace {

using Nonce = std::array<std::uint8_t, kNonceSize>;

Nonce nonce_of(const DataKey& key, std::string_view value) {
  auto mac = crypto::HmacSha256::create(key.dek()).value();
  std::array<std::uint8_t, crypto::HmacSha256::kSize> digest{};
  EXPECT_TRUE(mac.compute({as_bytes(value)}, digest).ok());
  Nonce nonce{};
  std::copy_n(digest.begin(), nonce.size(), nonce.begin());
  return nonce;
}

std::string v1_token(const DataKey& key, std::string_view value, const Nonce& nonce) {
  auto aead = crypto::AesGcmSiv::create(key.dek()).value();
  Bytes sealed(value.size() + kTagSize);
  EXPECT_TRUE(aead.seal(nonce, {}, as_bytes(value), sealed).ok());
  return "v1." + base::base64url_encode(nonce) + "." + base::base64url_encode(sealed);
}

std::string v1_token(const DataKey& key, std::string_view value) {
  return v1_token(key, value, nonce_of(key, value));
}

TEST(TokenV1, opens_as_a_string_whatever_the_context_when_accepted) {
  const auto cipher = cipher_of({1}, true);
  for (const std::string_view value : {"", "4", "4111111111111111", "Jos\xC3\xA9 M\xC3\xBCller"}) {
    const std::string token = v1_token(*data_key(1), value);
    EXPECT_TRUE(looks_like_token(token));
    const Opened opened = open(*cipher, token, "card");
    ASSERT_TRUE(opened.ok) << value;
    EXPECT_EQ(opened.plaintext, "s" + std::string(value));
    EXPECT_EQ(opened.kid, kid_text(data_key(1)->kid()));
  }
}

TEST(TokenV1, is_rejected_when_not_accepted) {
  expect_rejected(*cipher_of({1}), v1_token(*data_key(1), "4111"));
}

TEST(TokenV1, opens_under_every_loaded_key_and_tells_which) {
  const auto cipher = cipher_of({3, 2, 1}, true);
  for (const std::uint8_t fill : std::initializer_list<std::uint8_t>{1, 2, 3}) {
    const Opened opened = open(*cipher, v1_token(*data_key(fill), "4111"));
    EXPECT_EQ(opened.plaintext, "s4111");
    EXPECT_EQ(opened.kid, kid_text(data_key(fill)->kid()));
  }
  expect_rejected(*cipher, v1_token(*data_key(4), "4111"));  // no key id in v1: nothing to wait for
}

TEST(TokenV1, is_rejected_when_its_nonce_is_not_the_values) {
  const auto cipher = cipher_of({2, 1}, true);
  const auto key = data_key(1);
  Nonce nonce = nonce_of(*key, "4111");
  ASSERT_TRUE(open(*cipher, v1_token(*key, "4111", nonce)).ok);
  for (std::size_t bit = 0; bit < nonce.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    nonce[bit / 8] ^= mask;
    expect_rejected(*cipher, v1_token(*key, "4111", nonce));
    nonce[bit / 8] ^= mask;
  }
}

TEST(TokenV1, refuses_every_other_character_truncation_and_extension) {
  const auto cipher = cipher_of({1}, true);
  const std::string token = v1_token(*data_key(1), "4111");
  for (std::size_t i = 0; i < token.size(); ++i)
    for (int c = 0; c < 256; ++c) {
      std::string changed = token;
      changed[i] = static_cast<char>(c);
      if (changed != token) expect_rejected(*cipher, changed);
    }
  for (std::size_t size = 0; size < token.size(); ++size) expect_rejected(*cipher, token.substr(0, size));
  for (const char* more : {"=", "==", "A", "AAAA", ".", " "}) expect_rejected(*cipher, token + more);
}

TEST(TokenV1, and_v2_do_not_open_as_each_other) {
  const auto cipher = cipher_of({1}, true);
  std::string v2 = seal(*cipher, Mode::kDeterministic, "", "s4111");
  ASSERT_TRUE(open(*cipher, v2).ok);
  const Bytes bytes = base::base64url_decode(v2.substr(12)).value();
  expect_rejected(*cipher, "v1." + base::base64url_encode(ByteView(bytes).first(kNonceSize)) + "." +
                               base::base64url_encode(ByteView(bytes).subspan(kNonceSize)));
  v2[1] = '1';
  expect_rejected(*cipher, v2);
}

}  // namespace
}  // namespace nes::token

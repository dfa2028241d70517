#include "crypto/aead.h"

#include <algorithm>
#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "crypto/test_vectors.h"

namespace nes::crypto {
namespace {

constexpr std::array<std::uint8_t, AesGcmSiv::kNonceSize> kNonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

secret::SecretBytes test_key(std::uint8_t fill) {
  return secret::SecretBytes::copy_of(Bytes(AesGcmSiv::kKeySize, fill));
}

Bytes seal(AesGcmSiv& cipher, AesGcmSiv::Nonce nonce, ByteView aad, ByteView plaintext) {
  Bytes sealed(plaintext.size() + AesGcmSiv::kTagSize, 0xEE);
  EXPECT_TRUE(cipher.seal(nonce, aad, plaintext, sealed).ok());
  return sealed;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// A refused open says kMalformed and leaves nothing of the plaintext.
void expect_refused(AesGcmSiv& cipher, AesGcmSiv::Nonce nonce, ByteView aad, ByteView sealed) {
  Bytes out(sealed.size() - AesGcmSiv::kTagSize, 0xEE);
  const auto opened = cipher.open(nonce, aad, sealed, out);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(is_zero(out)) << "the output of a refused open is wiped";
}

template <typename Refused>
void for_each_flipped_bit(Bytes bytes, Refused refused) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    refused(bytes);
    bytes[bit / 8] ^= mask;
  }
}

TEST(AesGcmSiv, gives_the_results_of_rfc_8452_appendices_c_2_and_c_3) {
  const auto cases = read_test_cases(NES_TESTDATA "/vectors/rfc8452_aes_256_gcm_siv.txt");
  ASSERT_EQ(cases.size(), 26U);
  for (const TestCase& test : cases) {
    SCOPED_TRACE(test.text("case"));
    auto cipher = AesGcmSiv::create(test.secret("key"));
    ASSERT_TRUE(cipher.ok());
    const Bytes nonce = test.bytes("nonce"), aad = test.bytes("aad");
    ASSERT_EQ(nonce.size(), AesGcmSiv::kNonceSize);
    const AesGcmSiv::Nonce fixed = ByteView(nonce).first<AesGcmSiv::kNonceSize>();
    const Bytes sealed = seal(*cipher, fixed, aad, test.bytes("plaintext"));
    EXPECT_EQ(base::hex_encode(sealed), test.text("result"));
    Bytes opened(sealed.size() - AesGcmSiv::kTagSize);
    EXPECT_TRUE(cipher->open(fixed, aad, sealed, opened).ok());
    EXPECT_EQ(base::hex_encode(opened), test.text("plaintext"));
  }
}

TEST(AesGcmSiv, takes_keys_of_32_bytes_alone) {
  for (const std::size_t size : {0U, 1U, 16U, 24U, 31U, 33U, 64U}) {
    const auto cipher = AesGcmSiv::create(secret::SecretBytes(size));
    ASSERT_FALSE(cipher.ok()) << size;
    EXPECT_EQ(cipher.error().code, ErrorCode::kMalformed);
  }
  EXPECT_TRUE(AesGcmSiv::create(secret::SecretBytes(32)).ok());
}

TEST(AesGcmSiv, refuses_every_flipped_bit_and_wipes_the_output) {
  auto cipher = AesGcmSiv::create(test_key(0x42)).value();
  const Bytes aad{9, 8, 7}, plaintext(21, 0x5A), nonce(kNonce.begin(), kNonce.end());
  const Bytes sealed = seal(cipher, kNonce, aad, plaintext);
  for_each_flipped_bit(sealed, [&](const Bytes& bytes) { expect_refused(cipher, kNonce, aad, bytes); });
  for_each_flipped_bit(aad, [&](const Bytes& bytes) { expect_refused(cipher, kNonce, bytes, sealed); });
  for_each_flipped_bit(nonce, [&](const Bytes& bytes) {
    expect_refused(cipher, ByteView(bytes).first<AesGcmSiv::kNonceSize>(), aad, sealed);
  });
  Bytes opened(plaintext.size());
  EXPECT_TRUE(cipher.open(kNonce, aad, sealed, opened).ok()) << "the handle works on after refusals";
  EXPECT_EQ(opened, plaintext);
}

TEST(AesGcmSiv, refuses_every_other_length) {
  auto cipher = AesGcmSiv::create(test_key(0x42)).value();
  const Bytes aad{1}, plaintext(20, 0x5A);
  const Bytes sealed = seal(cipher, kNonce, aad, plaintext);
  for (std::size_t size = AesGcmSiv::kTagSize; size < sealed.size(); ++size)
    expect_refused(cipher, kNonce, aad, ByteView(sealed).first(size));
  Bytes longer = sealed;
  longer.push_back(0);
  expect_refused(cipher, kNonce, aad, longer);
  expect_refused(cipher, kNonce, Bytes{1, 0}, sealed);
  expect_refused(cipher, kNonce, {}, sealed);

  for (std::size_t size = 0; size < AesGcmSiv::kTagSize; ++size) {
    Bytes out(4, 0xEE);
    const auto opened = cipher.open(kNonce, aad, ByteView(sealed).first(size), out);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
    EXPECT_TRUE(is_zero(out));
  }
}

TEST(AesGcmSiv, refuses_what_another_key_sealed) {
  auto one = AesGcmSiv::create(test_key(1)).value();
  auto other = AesGcmSiv::create(test_key(2)).value();
  expect_refused(other, kNonce, {}, seal(one, kNonce, {}, Bytes(5, 7)));
}

TEST(AesGcmSiv, seals_alike_on_a_fresh_and_on_a_reused_handle) {
  auto reused = AesGcmSiv::create(test_key(0x42)).value();
  for (std::size_t i = 0; i < 1000; ++i) {
    auto nonce = kNonce;
    nonce[0] = static_cast<std::uint8_t>(i);
    const Bytes aad(i % 40, 0x11), plaintext(i % 130, static_cast<std::uint8_t>(i));
    const Bytes sealed = seal(reused, nonce, aad, plaintext);
    if (i % 3 == 0) {
      Bytes tampered = sealed;
      tampered.back() ^= 1;
      expect_refused(reused, nonce, aad, tampered);
    }
    auto fresh = AesGcmSiv::create(test_key(0x42)).value();
    ASSERT_EQ(seal(fresh, nonce, aad, plaintext), sealed) << i;
    Bytes opened(plaintext.size());
    ASSERT_TRUE(reused.open(nonce, aad, sealed, opened).ok()) << i;
    ASSERT_EQ(opened, plaintext) << i;
  }
}

TEST(AesGcmSiv, opens_what_it_seals_at_every_size_up_to_600) {
  auto cipher = AesGcmSiv::create(test_key(0x42)).value();
  for (std::size_t size = 0; size <= 600; ++size) {
    Bytes plaintext(size);
    for (std::size_t i = 0; i < size; ++i) plaintext[i] = static_cast<std::uint8_t>(i * 7 + size);
    const Bytes sealed = seal(cipher, kNonce, {}, plaintext);
    Bytes opened(size);
    ASSERT_TRUE(cipher.open(kNonce, {}, sealed, opened).ok()) << size;
    ASSERT_EQ(opened, plaintext) << size;
  }
}

TEST(AesGcmSiv, works_on_after_a_move) {
  auto source = AesGcmSiv::create(test_key(3)).value();
  const Bytes sealed = seal(source, kNonce, {}, Bytes{1});
  AesGcmSiv target(std::move(source));
  EXPECT_EQ(seal(target, kNonce, {}, Bytes{1}), sealed);
}

TEST(AesGcmSivDeathTest, ends_the_process_when_the_output_has_the_wrong_size) {
  auto cipher = AesGcmSiv::create(test_key(3)).value();
  Bytes out(16);
  EXPECT_DEATH((void)cipher.seal(kNonce, {}, Bytes{1}, out), "check failed");
  EXPECT_DEATH((void)cipher.open(kNonce, {}, Bytes(33), out), "check failed");
}

}  // namespace
}  // namespace nes::crypto

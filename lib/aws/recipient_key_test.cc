#include "aws/recipient_key.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"

namespace nes::aws {
namespace {

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// X.690: an element of definite length, one of indefinite length, an object identifier.
Bytes definite(std::uint8_t tag, const Bytes& content) {
  const std::size_t size = content.size();
  if (size < 128) return Bytes{tag, static_cast<std::uint8_t>(size)} + content;
  return Bytes{tag, 0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)} + content;
}
Bytes indefinite(std::uint8_t tag, const Bytes& content) { return Bytes{tag, 0x80} + content + Bytes{0, 0}; }
Bytes oid(std::string_view hex) { return definite(0x06, *base::hex_decode(hex)); }

constexpr std::string_view kData = "2a864886f70d010701";
constexpr std::string_view kEnveloped = "2a864886f70d010703";
constexpr std::string_view kRsaEncryption = "2a864886f70d010101";
constexpr std::string_view kOaep = "2a864886f70d010107";
constexpr std::string_view kMgf1 = "2a864886f70d010108";
constexpr std::string_view kSha1 = "2b0e03021a";
constexpr std::string_view kSha256 = "608648016503040201";
constexpr std::string_view kAes256Cbc = "60864801650304012a";
constexpr std::string_view kAes128Cbc = "608648016503040102";

// What a message is made of; the defaults are KMS's choices: BER, indefinite lengths.
struct Shape {
  enum class Content { kChunks, kOneChunk, kPrimitive } content = Content::kChunks;
  std::string_view type = kEnveloped;
  std::string_view transport = kOaep;
  std::string_view oaep_hash = kSha256;
  std::string_view mask_hash = kSha256;
  bool label = false;
  std::string_view cipher = kAes256Cbc;
  int recipients = 1;
  bool by_issuer = false;
};

Bytes algorithm(std::string_view id, const Bytes& parameter) { return definite(0x30, oid(id) + parameter); }

Bytes oaep_algorithm(const Shape& shape) {
  if (shape.transport != kOaep) return algorithm(shape.transport, {0x05, 0x00});
  const Bytes null{0x05, 0x00};
  Bytes parameters = definite(0xA0, algorithm(shape.oaep_hash, null)) +
                     definite(0xA1, algorithm(kMgf1, algorithm(shape.mask_hash, null)));
  if (shape.label)
    parameters = parameters + definite(0xA2, algorithm("2a864886f70d010109", definite(0x04, {1})));
  return algorithm(kOaep, definite(0x30, parameters));
}

const EVP_MD* digest(std::string_view id) { return id == kSha1 ? EVP_sha1() : EVP_sha256(); }

Bytes transport_key(const Bytes& public_key_der, const Bytes& key, const Shape& shape) {
  const unsigned char* at = public_key_der.data();
  EVP_PKEY* recipient = d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key_der.size()));
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(recipient, nullptr);
  EVP_PKEY_encrypt_init(context);
  if (shape.transport == kOaep) {
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
    EVP_PKEY_CTX_set_rsa_oaep_md(context, digest(shape.oaep_hash));
    EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest(shape.mask_hash));
  }
  Bytes out(256);
  std::size_t size = out.size();
  EXPECT_EQ(EVP_PKEY_encrypt(context, out.data(), &size, key.data(), key.size()), 1);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(recipient);
  return out;
}

Bytes encrypt(const Bytes& plaintext, const Bytes& key, const Bytes& iv) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, key.size() == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc(), nullptr, key.data(),
                     iv.data());
  Bytes out(plaintext.size() + 16);
  int size = 0;
  int last = 0;
  EVP_EncryptUpdate(context, out.data(), &size, plaintext.data(), static_cast<int>(plaintext.size()));
  EVP_EncryptFinal_ex(context, out.data() + size, &last);
  EVP_CIPHER_CTX_free(context);
  out.resize(static_cast<std::size_t>(size + last));
  return out;
}

Bytes encrypted_content(const Bytes& ciphertext, Shape::Content form) {
  if (form == Shape::Content::kPrimitive) return definite(0x80, ciphertext);
  if (form == Shape::Content::kOneChunk) return indefinite(0xA0, definite(0x04, ciphertext));
  Bytes chunks;
  for (std::size_t at = 0; at < ciphertext.size(); at += 20)
    chunks = chunks + definite(0x04, Bytes(ciphertext.begin() + static_cast<std::ptrdiff_t>(at),
                                           ciphertext.begin() + static_cast<std::ptrdiff_t>(
                                                                    std::min(at + 20, ciphertext.size()))));
  return indefinite(0xA0, chunks);
}

// RFC 5652 section 6.1.
Bytes message(const Bytes& public_key_der, const Bytes& plaintext, const Shape& shape = {}) {
  const Bytes key(shape.cipher == kAes256Cbc ? 32 : 16, 0x33);
  const Bytes iv(16, 0x44);
  const Bytes subject = shape.by_issuer ? definite(0x30, definite(0x30, {}) + Bytes{0x02, 0x01, 0x01})
                                        : definite(0x80, Bytes(32, 0x55));
  const Bytes version{0x02, 0x01, static_cast<std::uint8_t>(shape.by_issuer ? 0 : 2)};
  const Bytes recipient = definite(0x30, version + subject + oaep_algorithm(shape) +
                                             definite(0x04, transport_key(public_key_der, key, shape)));
  Bytes recipients;
  for (int i = 0; i < shape.recipients; ++i) recipients = recipients + recipient;
  const Bytes content = indefinite(0x30, oid(kData) + algorithm(shape.cipher, definite(0x04, iv)) +
                                             encrypted_content(encrypt(plaintext, key, iv), shape.content));
  return indefinite(
      0x30, oid(shape.type) + indefinite(0xA0, indefinite(0x30, Bytes{0x02, 0x01, 0x02} +
                                                                    definite(0x31, recipients) + content)));
}

class RecipientKeyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    key_ = RecipientKey::generate().value().release();
    other_ = RecipientKey::generate().value().release();
  }
  static void TearDownTestSuite() {
    delete key_;
    delete other_;
  }

  static std::string refusal(const Bytes& cms) {
    const auto opened = key_->open(cms);
    return opened.ok() ? "opened" : std::string(opened.error().reason.view());
  }
  static std::string refusal_of(const Shape& shape) {
    return refusal(message(key_->public_key_der(), dek_, shape));
  }

  static inline RecipientKey* key_ = nullptr;
  static inline RecipientKey* other_ = nullptr;
  static inline const Bytes dek_ = Bytes(32, 0x77);
};

TEST_F(RecipientKeyTest, opens_chunks_one_chunk_and_primitive_content) {
  for (const auto content :
       {Shape::Content::kChunks, Shape::Content::kOneChunk, Shape::Content::kPrimitive}) {
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 31U, 32U, 33U, 2000U}) {
      const Bytes plaintext(size, 0x77);
      const auto opened = key_->open(message(key_->public_key_der(), plaintext, {.content = content}));
      ASSERT_TRUE(opened.ok()) << size << opened.error().reason.view();
      EXPECT_TRUE(secret::equal_constant_time(opened->reveal(), plaintext));
    }
  }
}

TEST_F(RecipientKeyTest, gives_its_public_half_as_an_rsa_2048_spki) {
  const unsigned char* at = key_->public_key_der().data();
  EVP_PKEY* parsed = d2i_PUBKEY(nullptr, &at, static_cast<long>(key_->public_key_der().size()));
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(EVP_PKEY_get_bits(parsed), 2048);
  EXPECT_EQ(EVP_PKEY_get_base_id(parsed), EVP_PKEY_RSA);
  EVP_PKEY_free(parsed);
  EXPECT_NE(key_->public_key_der(), other_->public_key_der());
}

TEST_F(RecipientKeyTest, rejects_every_truncation_and_bytes_behind) {
  for (const auto content : {Shape::Content::kChunks, Shape::Content::kPrimitive}) {
    const Bytes whole = message(key_->public_key_der(), dek_, {.content = content});
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(key_->open(ByteView(whole).first(size)).ok()) << size;
    EXPECT_FALSE(key_->open(whole + Bytes{0}).ok());
    EXPECT_FALSE(key_->open(whole + whole).ok());
  }
}

TEST_F(RecipientKeyTest, does_not_open_what_is_for_another_recipient) {
  const auto opened = key_->open(message(other_->public_key_der(), dek_));
  // OpenSSL went on with a random key: most often the padding is wrong, else the bytes are random.
  if (opened.ok()) {
    EXPECT_FALSE(secret::equal_constant_time(opened->reveal(), dek_));
  } else {
    EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(RecipientKeyTest, rejects_another_key_transport) {
  const std::string wrong = "the key transport is not RSAES-OAEP with SHA-256";
  EXPECT_EQ(refusal_of({.oaep_hash = kSha1}), wrong);
  EXPECT_EQ(refusal_of({.mask_hash = kSha1}), wrong);
  EXPECT_EQ(refusal_of({.oaep_hash = kSha1, .mask_hash = kSha1}), wrong);
  EXPECT_EQ(refusal_of({.label = true}), wrong);
  EXPECT_EQ(refusal_of({.transport = kRsaEncryption}), wrong);
  EXPECT_EQ(refusal_of({.by_issuer = true}), wrong);
}

TEST_F(RecipientKeyTest, rejects_another_content_cipher) {
  EXPECT_EQ(refusal_of({.cipher = kAes128Cbc}), "the content is not encrypted with AES-256-CBC");
}

TEST_F(RecipientKeyTest, rejects_another_number_of_recipients_and_another_type) {
  const std::string wrong = "the answer for the recipient has not one recipient";
  EXPECT_EQ(refusal_of({.recipients = 2}), wrong);
  EXPECT_EQ(refusal_of({.recipients = 0}), wrong);
  EXPECT_NE(refusal_of({.type = kData}), "opened");
  EXPECT_NE(refusal(Bytes{}), "opened");
  EXPECT_NE(refusal(Bytes(100, 0x30)), "opened");
}

TEST_F(RecipientKeyTest, refuses_a_message_over_its_limit) {
  const auto opened = key_->open(Bytes(limits::kCmsBytes + 1));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kLimit);
}

TEST_F(RecipientKeyTest, survives_a_flipped_bit_anywhere) {
  const Bytes whole = message(key_->public_key_der(), dek_);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes flipped = whole;
    flipped[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    const auto opened = key_->open(flipped);
    if (!opened.ok()) {
      EXPECT_NE(opened.error().code, ErrorCode::kLimit);
    }
  }
}

}  // namespace
}  // namespace nes::aws

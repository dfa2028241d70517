#include "devkit/aws_emulator/kms/envelope.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace nes::aws_emulator {
namespace {

struct Free {
  void operator()(EVP_PKEY* object) const noexcept { EVP_PKEY_free(object); }
  void operator()(EVP_PKEY_CTX* object) const noexcept { EVP_PKEY_CTX_free(object); }
  void operator()(EVP_CIPHER_CTX* object) const noexcept { EVP_CIPHER_CTX_free(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kKeyBits = 2048;
constexpr std::size_t kBlockBytes = 16;  // of AES, and its IV
using ContentKey = std::array<std::uint8_t, 32>;
using Iv = std::array<std::uint8_t, kBlockBytes>;

// Identifier octets (X.690 section 8.1.2).
constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctetString = 0x04;
constexpr std::uint8_t kNull = 0x05;
constexpr std::uint8_t kObjectIdentifier = 0x06;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kSet = 0x31;
constexpr std::uint8_t kContext0 = 0x80;
constexpr std::uint8_t kConstructed0 = 0xA0;
constexpr std::uint8_t kConstructed1 = 0xA1;

// Object identifiers, the content of their encoding.
constexpr std::uint8_t kEnvelopedData[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03};
constexpr std::uint8_t kData[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01};
constexpr std::uint8_t kRsaesOaep[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x07};
constexpr std::uint8_t kMgf1[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08};
constexpr std::uint8_t kSha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
constexpr std::uint8_t kAes256Cbc[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A};

Error crypto_error() { return {ErrorCode::kCrypto, "OpenSSL failed on an envelope"}; }

// Writes what is inside an element: further elements, one after the other.
class Content {
 public:
  Content& bytes(ByteView more) {
    out_.insert(out_.end(), more.begin(), more.end());
    return *this;
  }
  // X.690 section 8.1.3.4 and 8.1.3.5.
  Content& definite(std::uint8_t identifier, ByteView content) {
    NES_CHECK(content.size() <= 0xFFFF);
    const auto size = static_cast<std::uint16_t>(content.size());
    out_.push_back(identifier);
    if (size > 0xFF) out_.insert(out_.end(), {0x82, static_cast<std::uint8_t>(size >> 8)});
    if (size > 0x7F && size <= 0xFF) out_.push_back(0x81);
    out_.push_back(static_cast<std::uint8_t>(size & 0xFF));
    return bytes(content);
  }
  // X.690 section 8.1.3.6: the end-of-contents octets say where it ends.
  Content& indefinite(std::uint8_t identifier, ByteView content) {
    out_.insert(out_.end(), {identifier, 0x80});
    bytes(content);
    out_.insert(out_.end(), {0, 0});
    return *this;
  }
  Content& algorithm(ByteView id, ByteView parameters) {
    return definite(kSequence, Content().definite(kObjectIdentifier, id).bytes(parameters).result());
  }
  Bytes result() const { return out_; }

 private:
  Bytes out_;
};

Owned<EVP_PKEY> parse_key(ByteView der) {
  const unsigned char* at = der.data();
  Owned<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  const bool is_ours = key && at == der.data() + der.size() &&
                       EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
                       EVP_PKEY_get_bits(key.get()) == kKeyBits;
  return is_ours ? std::move(key) : nullptr;
}

Result<Bytes> transport(EVP_PKEY& recipient, const ContentKey& content_key) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(&recipient, nullptr));
  Bytes out(kKeyBits / 8);
  std::size_t size = out.size();
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_encrypt(context.get(), out.data(), &size, content_key.data(), content_key.size()) != 1 ||
      size != out.size())
    return crypto_error();
  return out;
}

Result<Bytes> encrypt(const ContentKey& key, const Iv& iv, ByteView plaintext) {
  const Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  Bytes out(plaintext.size() + kBlockBytes);
  int size = 0;
  int last = 0;
  if (!context || EVP_EncryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(), iv.data()) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, plaintext.data(),
                        static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), out.data() + size, &last) != 1)
    return crypto_error();
  out.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(last));
  return out;
}

// RFC 8017 appendix A.2.1: RSAES-OAEP-params with what is not their default.
Bytes oaep_parameters() {
  const Bytes null = Content().definite(kNull, {}).result();
  const Bytes hash = Content().algorithm(kSha256, null).result();
  const Bytes mask = Content().algorithm(kMgf1, hash).result();
  return Content()
      .definite(kSequence, Content().definite(kConstructed0, hash).definite(kConstructed1, mask).result())
      .result();
}

Bytes recipient_info(ByteView subject_key_id, ByteView transported_key) {
  constexpr std::uint8_t kVersion[] = {2};
  return Content()
      .definite(kSequence, Content()
                               .definite(kInteger, kVersion)
                               .definite(kContext0, subject_key_id)
                               .algorithm(kRsaesOaep, oaep_parameters())
                               .definite(kOctetString, transported_key)
                               .result())
      .result();
}

Bytes encrypted_content(ByteView ciphertext, const ContentForm& form) {
  if (form.primitive) return Content().definite(kContext0, ciphertext).result();
  NES_CHECK(form.chunk_bytes > 0);
  Content chunks;
  for (std::size_t at = 0; at < ciphertext.size(); at += form.chunk_bytes)
    chunks.definite(kOctetString, ciphertext.subspan(at, std::min(form.chunk_bytes, ciphertext.size() - at)));
  return Content().indefinite(kConstructed0, chunks.result()).result();
}

}  // namespace

bool is_recipient_key(ByteView public_key_der) { return parse_key(public_key_der) != nullptr; }

Result<Bytes> make_envelope(ByteView public_key_der, ByteView plaintext, const ContentForm& form) {
  const Owned<EVP_PKEY> recipient = parse_key(public_key_der);
  if (!recipient) return Error{ErrorCode::kMalformed, "a recipient's key is no RSA key of 2048 bits"};
  ContentKey key{};
  Iv iv{};
  crypto::fill_random(key);
  crypto::fill_random(iv);
  NES_TRY_ASSIGN(const crypto::Sha256Digest subject_key_id, crypto::sha256({public_key_der}));
  NES_TRY_ASSIGN(const Bytes transported, transport(*recipient, key));
  NES_TRY_ASSIGN(const Bytes ciphertext, encrypt(key, iv, plaintext));

  constexpr std::uint8_t kVersion[] = {2};
  const Bytes content_info = Content()
                                 .definite(kObjectIdentifier, kData)
                                 .algorithm(kAes256Cbc, Content().definite(kOctetString, iv).result())
                                 .bytes(encrypted_content(ciphertext, form))
                                 .result();
  const Bytes enveloped = Content()
                              .definite(kInteger, kVersion)
                              .definite(kSet, recipient_info(subject_key_id, transported))
                              .indefinite(kSequence, content_info)
                              .result();
  const Bytes explicit_content = Content().indefinite(kSequence, enveloped).result();
  return Content()
      .indefinite(kSequence, Content()
                                 .definite(kObjectIdentifier, kEnvelopedData)
                                 .indefinite(kConstructed0, explicit_content)
                                 .result())
      .result();
}

}  // namespace nes::aws_emulator

#include "crypto/ed25519.h"

#include <algorithm>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace nes::crypto {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;
using KeyPtr = std::shared_ptr<EVP_PKEY>;

// Empties OpenSSL's queue of errors, which is the thread's and not this call's.
struct ErrorQueue {
  ErrorQueue() noexcept { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue() { ERR_clear_error(); }
};

Error crypto_error() noexcept { return {ErrorCode::kCrypto, "OpenSSL failed on an Ed25519 key"}; }
Error not_a_private_key() noexcept {
  return {ErrorCode::kMalformed, "not an Ed25519 private key in PKCS #8 PEM"};
}

KeyPtr own(EVP_PKEY* key) { return KeyPtr(key, EVP_PKEY_free); }

bool is_ed25519(const KeyPtr& key) noexcept { return key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519; }

Result<Bytes> public_der(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return crypto_error();
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

// The DER between the lines of a PEM text, in memory that is wiped.
class PemBody {
 public:
  explicit PemBody(BIO* input) noexcept {
    constexpr unsigned kFlags = PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE;
    if (PEM_read_bio_ex(input, &name_, &header_, &data_, &size_, kFlags) != 1) size_ = 0;
  }
  PemBody(const PemBody&) = delete;
  PemBody& operator=(const PemBody&) = delete;
  ~PemBody() {
    OPENSSL_secure_free(name_);
    OPENSSL_secure_free(header_);
    OPENSSL_secure_clear_free(data_, static_cast<std::size_t>(size_));
  }

  // Empty unless the text has this label and no headers, such as those of RFC 1421's encryption.
  ByteView labelled(std::string_view label) const noexcept {
    if (size_ <= 0 || label != name_ || *header_ != '\0') return {};
    return {data_, static_cast<std::size_t>(size_)};
  }

 private:
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;
};

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::from_der(ByteView der) {
  const ErrorQueue queue;
  const Error malformed{ErrorCode::kMalformed, "not an Ed25519 SubjectPublicKeyInfo"};
  const unsigned char* at = der.data();
  const KeyPtr key = own(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!is_ed25519(key)) return malformed;
  // OpenSSL also reads BER, and bytes may follow: there is one encoding of a key, and only that one is taken.
  NES_TRY_ASSIGN(const Bytes canonical, public_der(key.get()));
  if (!std::ranges::equal(canonical, der)) return malformed;
  return Ed25519PublicKey(key);
}

Result<Ed25519PublicKey> Ed25519PublicKey::from_raw(ByteView bytes) {
  const ErrorQueue queue;
  const KeyPtr key = own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
  if (!key) return Error{ErrorCode::kMalformed, "an Ed25519 public key has 32 bytes"};
  return Ed25519PublicKey(key);
}

Result<Bytes> Ed25519PublicKey::to_der() const {
  const ErrorQueue queue;
  return public_der(key_.get());
}

Result<void> Ed25519PublicKey::verify(ByteView message, const Ed25519Signature& signature) const {
  const ErrorQueue queue;
  const ContextPtr context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1)
    return crypto_error();
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) !=
      1)
    return Error{ErrorCode::kNotAllowed, "the signature is not this key's over this message"};
  return {};
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::generate() {
  const ErrorQueue queue;
  const KeyPtr key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!is_ed25519(key)) return crypto_error();
  return Ed25519PrivateKey(key);
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_pem(const secret::SecretBytes& pem) {
  const ErrorQueue queue;
  constexpr std::string_view kFirstLine = "-----BEGIN PRIVATE KEY-----\n";
  const ByteView text = pem.reveal();
  if (!as_text(text).starts_with(kFirstLine)) return not_a_private_key();
  const BioPtr input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!input) return crypto_error();
  const PemBody body(input.get());
  const ByteView der = body.labelled("PRIVATE KEY");
  if (der.empty() || BIO_pending(input.get()) != 0) return not_a_private_key();
  const unsigned char* at = der.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != der.data() + der.size()) return not_a_private_key();
  const KeyPtr key = own(EVP_PKCS82PKEY(info.get()));
  if (!is_ed25519(key)) return not_a_private_key();
  return Ed25519PrivateKey(key);
}

Result<secret::SecretBytes> Ed25519PrivateKey::to_pem() const {
  const ErrorQueue queue;
  const BioPtr output(BIO_new(BIO_s_secmem()));
  if (!output ||
      PEM_write_bio_PKCS8PrivateKey(output.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return crypto_error();
  const char* data = nullptr;
  const long size = BIO_get_mem_data(output.get(), &data);
  if (size <= 0) return crypto_error();
  return secret::SecretBytes::copy_of(
      {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
}

Result<Ed25519PublicKey> Ed25519PrivateKey::public_key() const {
  const ErrorQueue queue;
  NES_TRY_ASSIGN(const Bytes der, public_der(key_.get()));
  return Ed25519PublicKey::from_der(der);
}

Result<Ed25519Signature> Ed25519PrivateKey::sign(ByteView message) const {
  const ErrorQueue queue;
  const ContextPtr context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1 ||
      size != signature.size())
    return crypto_error();
  return signature;
}

}  // namespace nes::crypto

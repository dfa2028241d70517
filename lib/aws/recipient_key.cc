#include "aws/recipient_key.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"

namespace nes::aws {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Freer<CMS_ContentInfo_free>>;
using OaepPtr = std::unique_ptr<RSA_OAEP_PARAMS, Freer<RSA_OAEP_PARAMS_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, Freer<X509_ALGOR_free>>;
using BioChain = std::unique_ptr<BIO, Freer<BIO_free_all>>;

// Empties OpenSSL's queue of errors, which is the thread's and not this call's.
struct ErrorQueue {
  ErrorQueue() noexcept { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue() { ERR_clear_error(); }
};

Error crypto_error() noexcept { return {ErrorCode::kCrypto, "OpenSSL failed on the recipient key"}; }
Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

int nid_of(const X509_ALGOR* algorithm) noexcept {
  if (algorithm == nullptr) return NID_undef;
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

// The parameter of `algorithm`, a SEQUENCE of type `item`; null if it is something else.
void* unpack(const X509_ALGOR* algorithm, const ASN1_ITEM* item) noexcept {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  return type == V_ASN1_SEQUENCE ? ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), item) : nullptr;
}

bool is_oaep_sha256(const X509_ALGOR* algorithm) noexcept {
  if (nid_of(algorithm) != NID_rsaesOaep) return false;
  const OaepPtr parameters(static_cast<RSA_OAEP_PARAMS*>(unpack(algorithm, ASN1_ITEM_rptr(RSA_OAEP_PARAMS))));
  // Absent members would mean SHA-1.
  if (!parameters || nid_of(parameters->hashFunc) != NID_sha256 ||
      nid_of(parameters->maskGenFunc) != NID_mgf1 || parameters->pSourceFunc != nullptr)
    return false;
  const AlgorithmPtr mask_hash(
      static_cast<X509_ALGOR*>(unpack(parameters->maskGenFunc, ASN1_ITEM_rptr(X509_ALGOR))));
  return nid_of(mask_hash.get()) == NID_sha256;
}

Result<void> check_recipient(CMS_ContentInfo* cms) {
  if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped)
    return malformed("the answer for the recipient is no EnvelopedData");
  STACK_OF(CMS_RecipientInfo)* recipients = CMS_get0_RecipientInfos(cms);
  if (recipients == nullptr || sk_CMS_RecipientInfo_num(recipients) != 1)
    return malformed("the answer for the recipient has not one recipient");
  CMS_RecipientInfo* recipient = sk_CMS_RecipientInfo_value(recipients, 0);
  if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_TRANS)
    return malformed("the answer for the recipient is not by key transport");
  ASN1_OCTET_STRING* key_id = nullptr;
  X509_ALGOR* algorithm = nullptr;
  if (CMS_RecipientInfo_ktri_get0_signer_id(recipient, &key_id, nullptr, nullptr) != 1 || key_id == nullptr ||
      CMS_RecipientInfo_ktri_get0_algs(recipient, nullptr, nullptr, &algorithm) != 1 ||
      !is_oaep_sha256(algorithm))
    return malformed("the key transport is not RSAES-OAEP with SHA-256");
  return {};
}

// The end of the chain that CMS_dataInit() makes is a cipher over a memory BIO.
Result<secret::SecretBytes> read_content(BIO* chain) {
  BIO* cipher = BIO_find_type(chain, BIO_TYPE_CIPHER);
  EVP_CIPHER_CTX* context = nullptr;
  if (cipher == nullptr || BIO_get_cipher_ctx(cipher, &context) != 1 || context == nullptr ||
      EVP_CIPHER_CTX_get_nid(context) != NID_aes_256_cbc)
    return malformed("the content is not encrypted with AES-256-CBC");
  secret::SecretBytes content;
  for (;;) {
    constexpr std::size_t kPiece = 1024;
    const ByteSpan room = content.grow_uninitialized(kPiece);
    const int got = BIO_read(chain, room.data(), static_cast<int>(room.size()));
    content.drop_unwritten(room.size() - static_cast<std::size_t>(got > 0 ? got : 0));
    if (got <= 0) break;
  }
  if (BIO_get_cipher_status(cipher) != 1) return malformed("the answer is not for this recipient");
  return content;
}

}  // namespace

void RecipientKey::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

Result<std::unique_ptr<RecipientKey>> RecipientKey::generate() {
  const ErrorQueue errors;
  constexpr unsigned kBits = 2048;
  std::unique_ptr<evp_pkey_st, Free> key(EVP_RSA_gen(kBits));
  if (!key) return crypto_error();
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return crypto_error();
  Bytes public_key_der(der, der + size);
  OPENSSL_free(der);
  return std::unique_ptr<RecipientKey>(new RecipientKey(std::move(key), std::move(public_key_der)));
}

Result<secret::SecretBytes> RecipientKey::open(ByteView cms) const {
  const ErrorQueue errors;
  if (cms.size() > limits::kCmsBytes)
    return Error{ErrorCode::kLimit, "an answer for the recipient is too long"};
  const unsigned char* at = cms.data();
  const CmsPtr parsed(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(cms.size())));
  if (!parsed || at != cms.data() + cms.size()) return malformed("the answer for the recipient is not CMS");
  NES_TRY(check_recipient(parsed.get()));
  if (CMS_decrypt_set1_pkey(parsed.get(), key_.get(), nullptr) != 1)
    return malformed("the answer is not for this recipient");
  const BioChain chain(CMS_dataInit(parsed.get(), nullptr));
  if (!chain) return malformed("the content cannot be decrypted");
  return read_content(chain.get());
}

}  // namespace nes::aws

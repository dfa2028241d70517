#include "eif/openssl_keys.h"

#include <string_view>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace nes::eif {

void OpenSslFree::operator()(asn1_string_st* object) const noexcept { ASN1_STRING_free(object); }
void OpenSslFree::operator()(bio_st* object) const noexcept { BIO_free_all(object); }
void OpenSslFree::operator()(ECDSA_SIG_st* object) const noexcept { ECDSA_SIG_free(object); }
void OpenSslFree::operator()(evp_md_ctx_st* object) const noexcept { EVP_MD_CTX_free(object); }
void OpenSslFree::operator()(evp_pkey_st* object) const noexcept { EVP_PKEY_free(object); }
void OpenSslFree::operator()(x509_st* object) const noexcept { X509_free(object); }

ErrorQueue::ErrorQueue() noexcept { ERR_clear_error(); }
ErrorQueue::~ErrorQueue() { ERR_clear_error(); }

Result<Algorithm> algorithm_of_key(const EVP_PKEY* key) {
  char group[64] = {};
  if (key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1) {
    const std::string_view name(group);
    if (name == "prime256v1") return Algorithm::kEs256;
    if (name == "secp384r1") return Algorithm::kEs384;
    if (name == "secp521r1") return Algorithm::kEs512;
  }
  return Error{ErrorCode::kMalformed, "not a key of P-256, P-384 or P-521"};
}

}  // namespace nes::eif

#include "attest/openssl_objects.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace nes::attest {

void OpenSslFree::operator()(bio_st* object) const noexcept { BIO_free_all(object); }
void OpenSslFree::operator()(ECDSA_SIG_st* object) const noexcept { ECDSA_SIG_free(object); }
void OpenSslFree::operator()(evp_md_ctx_st* object) const noexcept { EVP_MD_CTX_free(object); }
void OpenSslFree::operator()(x509_st* object) const noexcept { X509_free(object); }

ErrorQueue::ErrorQueue() noexcept { ERR_clear_error(); }
ErrorQueue::~ErrorQueue() { ERR_clear_error(); }

}  // namespace nes::attest

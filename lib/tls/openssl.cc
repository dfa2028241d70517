#include "tls/openssl.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace nes::tls {

void OpenSslFree::operator()(evp_pkey_st* object) const noexcept { EVP_PKEY_free(object); }
void OpenSslFree::operator()(ssl_ctx_st* object) const noexcept { SSL_CTX_free(object); }
void OpenSslFree::operator()(ssl_st* object) const noexcept { SSL_free(object); }
void OpenSslFree::operator()(x509_st* object) const noexcept { X509_free(object); }
void OpenSslFree::operator()(asn1_string_st* object) const noexcept { ASN1_STRING_free(object); }

}  // namespace nes::tls

#include <limits>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "eif/limits.h"
#include "eif/openssl_keys.h"
#include "eif/signature.h"

namespace nes::eif {
namespace {

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

std::string time_text(const ASN1_TIME* time) {
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  if (!out || ASN1_TIME_print(out.get(), time) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Seconds since 1970.
std::int64_t time_s(const ASN1_TIME* time) {
  const OpenSslPtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return 0;
  return std::int64_t{days} * 86'400 + seconds;
}

// Of several attributes of one name the last one shows, as in nitro-cli.
std::map<std::string, std::string> entries_of(const X509_NAME* name) {
  std::map<std::string, std::string> entries;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    char key[128];
    if (OBJ_obj2txt(key, sizeof key, X509_NAME_ENTRY_get_object(entry), 0) <= 0) continue;
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) continue;
    entries[key] = std::string(as_text({text, static_cast<std::size_t>(size)}));
    OPENSSL_free(text);
  }
  return entries;
}

std::string algorithm_of(const X509& certificate) {
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, &certificate);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  char text[128];
  return OBJ_obj2txt(text, sizeof text, object, 0) > 0 ? text : "";
}

}  // namespace

Result<OpenSslPtr<X509>> parse_x509(ByteView pem) {
  if (pem.size() > limits::kEifCertificateBytes)
    return Error{ErrorCode::kLimit, "the certificate is too large"};
  const OpenSslPtr<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!in) return Error{ErrorCode::kCrypto, "OpenSSL is out of memory"};
  OpenSslPtr<X509> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!certificate) return malformed("not a certificate in PEM");
  return certificate;
}

Result<Certificate> describe_x509(const X509& x509) {
  Certificate certificate;
  certificate.issuer = entries_of(X509_get_issuer_name(&x509));
  certificate.algorithm = algorithm_of(x509);
  certificate.not_before = time_text(X509_get0_notBefore(&x509));
  certificate.not_after = time_text(X509_get0_notAfter(&x509));
  certificate.not_before_s = time_s(X509_get0_notBefore(&x509));
  certificate.not_after_s = time_s(X509_get0_notAfter(&x509));
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, &x509);
  certificate.signature.assign(signature->data, signature->data + signature->length);
  unsigned char* der = nullptr;
  const int size = i2d_X509(&x509, &der);
  if (size <= 0) return malformed("the certificate has no DER");
  certificate.der.assign(der, der + size);
  OPENSSL_free(der);
  return certificate;
}

Result<Certificate> parse_certificate(ByteView pem) {
  const ErrorQueue queue;
  NES_TRY_ASSIGN(const OpenSslPtr<X509> x509, parse_x509(pem));
  NES_TRY(algorithm_of_key(X509_get0_pubkey(x509.get())));
  return describe_x509(*x509);
}

Result<crypto::Sha384Digest> measure_certificate(const Certificate& certificate) {
  const ByteView whole[] = {certificate.der};
  NES_TRY_ASSIGN(const crypto::Sha384Digest inner, crypto::sha384(whole));
  const crypto::Sha384Digest zeros{};
  const ByteView parts[] = {zeros, inner};
  return crypto::sha384(parts);
}

}  // namespace nes::eif

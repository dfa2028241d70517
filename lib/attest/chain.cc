#include "attest/chain.h"

#include <ctime>
#include <vector>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace nes::attest {
namespace {

Error refuse(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

// OpenSSL's accessors fill a certificate's caches, and so take no const.
X509* mut(const CertificatePtr& certificate) noexcept { return certificate.get(); }

bool is_valid_at(const CertificatePtr& certificate, std::time_t time) {
  // Both bounds are within (RFC 5280 section 4.1.2.5); X509_cmp_time() calls an equal time earlier.
  const int begins = X509_cmp_time(X509_get0_notBefore(mut(certificate)), &time);
  std::time_t before = time - 1;
  const int ends = X509_cmp_time(X509_get0_notAfter(mut(certificate)), &before);
  return begins == -1 && ends == 1;
}

Result<void> check_each(const CertificatePtr& certificate, std::time_t time) {
  if (!certificate) return refuse("a certificate is not X.509 in DER");
  // Also fills the caches that the checks below read; a certificate with broken extensions fails here.
  const std::uint32_t flags = X509_get_extension_flags(mut(certificate));
  if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0)
    return refuse("a certificate has broken or unknown critical extensions");
  if (X509_get_version(mut(certificate)) != X509_VERSION_3)
    return refuse("a certificate is not of version 3");
  if (X509_get_signature_nid(mut(certificate)) != NID_ecdsa_with_SHA384)
    return refuse("a certificate is not signed with ECDSA and SHA-384");
  if (!has_p384_key(*certificate)) return refuse("a certificate's key is not on P-384");
  if (!is_valid_at(certificate, time)) return refuse("a certificate is not valid at this time");
  return {};
}

// `below`: the number of CA certificates between this one and the last.
Result<void> check_authority(const CertificatePtr& certificate, long below) {
  const std::uint32_t flags = X509_get_extension_flags(mut(certificate));
  if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0) return refuse("an issuer is no CA");
  if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(mut(certificate)) & KU_KEY_CERT_SIGN) == 0)
    return refuse("an issuer may not sign certificates");
  const long path_length = X509_get_pathlen(mut(certificate));
  if (path_length >= 0 && below > path_length) return refuse("the chain is longer than an issuer allows");
  return {};
}

Result<void> check_end(const CertificatePtr& certificate) {
  const std::uint32_t flags = X509_get_extension_flags(mut(certificate));
  if ((flags & EXFLAG_CA) != 0) return refuse("the document's certificate is a CA's");
  if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(mut(certificate)) & KU_DIGITAL_SIGNATURE) == 0)
    return refuse("the document's certificate may not sign");
  return {};
}

Result<void> check_issued(const CertificatePtr& issuer, const CertificatePtr& subject) {
  if (X509_NAME_cmp(X509_get_subject_name(mut(issuer)), X509_get_issuer_name(mut(subject))) != 0)
    return refuse("a certificate names another issuer");
  if (X509_verify(mut(subject), X509_get0_pubkey(mut(issuer))) != 1)
    return refuse("a certificate is not signed by its issuer");
  return {};
}

}  // namespace

CertificatePtr parse_certificate(ByteView der) {
  const unsigned char* at = der.data();
  CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) certificate.reset();
  return certificate;
}

bool has_p384_key(const X509& certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(&certificate);
  char group[32];
  std::size_t size = 0;
  return key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 && OBJ_sn2nid(group) == NID_secp384r1;
}

Result<CertificatePtr> verify_chain(const Document& document, const TrustRoot& root, std::int64_t unix_ms) {
  const ErrorQueue queue;
  std::vector<CertificatePtr> chain;
  chain.push_back(parse_certificate(root.certificate_der()));
  for (std::size_t i = 1; i < document.cabundle.size(); ++i)
    chain.push_back(parse_certificate(document.cabundle[i]));
  chain.push_back(parse_certificate(document.certificate));
  for (const CertificatePtr& certificate : chain) NES_TRY(check_each(certificate, unix_ms / 1000));
  const std::size_t last = chain.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    NES_TRY(check_authority(chain[i], static_cast<long>(last - 1 - i)));
    NES_TRY(check_issued(chain[i], chain[i + 1]));
  }
  NES_TRY(check_end(chain[last]));
  return std::move(chain[last]);
}

}  // namespace nes::attest

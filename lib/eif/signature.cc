#include "eif/signature.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "eif/limits.h"
#include "eif/openssl_keys.h"

namespace nes::eif {
namespace {

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }
Error failed() noexcept { return {ErrorCode::kCrypto, "OpenSSL failed on a signature"}; }

const EVP_MD* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256: return EVP_sha256();
    case Algorithm::kEs384: return EVP_sha384();
    case Algorithm::kEs512: return EVP_sha512();
  }
  return nullptr;
}

// Of r, and of s (RFC 9053 section 2.1).
std::size_t coordinate_bytes(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256: return 32;
    case Algorithm::kEs384: return 48;
    case Algorithm::kEs512: return 66;
  }
  return 0;
}

// From the DER that OpenSSL makes to r || s.
Result<Bytes> joined(ByteView der, std::size_t size) {
  const unsigned char* at = der.data();
  const OpenSslPtr<ECDSA_SIG> parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parts) return failed();
  Bytes out(2 * size);
  const int width = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + size, width) != width)
    return failed();
  return out;
}

Result<Bytes> as_der(ByteView signature) {
  const std::size_t size = signature.size() / 2;
  const OpenSslPtr<ECDSA_SIG> parts(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(signature.data(), static_cast<int>(size), nullptr);
  BIGNUM* const s = BN_bin2bn(signature.data() + size, static_cast<int>(size), nullptr);
  if (!parts || r == nullptr || s == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return failed();
  }
  unsigned char* der = nullptr;
  const int bytes = i2d_ECDSA_SIG(parts.get(), &der);
  if (bytes <= 0) return failed();
  Bytes out(der, der + bytes);
  OPENSSL_free(der);
  return out;
}

// A key behind a passphrase is no plain key: nobody is asked.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*user*/) { return -1; }

Result<OpenSslPtr<EVP_PKEY>> parse_key(const secret::SecretBytes& pem) {
  if (pem.size() > limits::kEifKeyBytes) return Error{ErrorCode::kLimit, "the key is too large"};
  const OpenSslPtr<BIO> in(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
  if (!in) return failed();
  OpenSslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (!key) return malformed("not a private key in PEM, or one behind a passphrase");
  NES_TRY(algorithm_of_key(key.get()));
  return key;
}

Result<Bytes> sign_bytes(EVP_PKEY* key, Algorithm algorithm, ByteView message) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
    return failed();
  Bytes der(size);
  if (EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) != 1) return failed();
  der.resize(size);
  return joined(der, coordinate_bytes(algorithm));
}

}  // namespace

Result<Bytes> sign(ByteView certificate_pem, const secret::SecretBytes& key_pem,
                   const crypto::Sha384Digest& pcr0) {
  const ErrorQueue queue;
  NES_TRY_ASSIGN(const OpenSslPtr<X509> certificate, parse_x509(certificate_pem));
  NES_TRY_ASSIGN(const Algorithm algorithm, algorithm_of_key(X509_get0_pubkey(certificate.get())));
  NES_TRY_ASSIGN(const OpenSslPtr<EVP_PKEY> key, parse_key(key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return Error{ErrorCode::kNotAllowed, "the key is not the certificate's"};
  SignatureSection section{.certificate_pem = {certificate_pem.begin(), certificate_pem.end()},
                           .algorithm = algorithm,
                           .protected_header = protected_header_of(algorithm),
                           .payload = payload_of(pcr0),
                           .signature = {}};
  NES_TRY_ASSIGN(section.signature, sign_bytes(key.get(), algorithm, signed_bytes(section)));
  return write_section(section);
}

Result<Certificate> verify_signature(ByteView bytes, const crypto::Sha384Digest& pcr0) {
  const ErrorQueue queue;
  NES_TRY_ASSIGN(const SignatureSection section, read_section(bytes));
  NES_TRY_ASSIGN(const OpenSslPtr<X509> certificate, parse_x509(section.certificate_pem));
  EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
  NES_TRY_ASSIGN(const Algorithm algorithm, algorithm_of_key(key));
  if (algorithm != section.algorithm) return malformed("the signature's algorithm is not that of the key");
  if (section.payload != payload_of(pcr0)) return malformed("what is signed is not this image's PCR0");
  if (section.signature.size() != 2 * coordinate_bytes(algorithm))
    return malformed("the signature is too short or too long");
  NES_TRY_ASSIGN(const Bytes der, as_der(section.signature));
  const Bytes message = signed_bytes(section);
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key) != 1)
    return failed();
  if (EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) != 1)
    return malformed("the signature is not by the certificate's key");
  return describe_x509(*certificate);
}

Result<Certificate> read_certificate(ByteView bytes) {
  NES_TRY_ASSIGN(const SignatureSection section, read_section(bytes));
  return parse_certificate(section.certificate_pem);
}

}  // namespace nes::eif

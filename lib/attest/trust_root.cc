#include "attest/trust_root.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "attest/chain.h"
#include "base/check.h"

namespace nes::attest {
namespace {

// AWS Nitro Enclaves Root-G1, from AWS_NitroEnclaves_Root-G1.zip as the user guide of AWS Nitro Enclaves
// links it.
constexpr std::string_view kAwsRootPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTEL\n"
    "MAkGA1UEBhMCVVMxDzANBgNVBAoMBkFtYXpvbjEMMAoGA1UECwwDQVdTMRswGQYD\n"
    "VQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcNNDkxMDI4\n"
    "MTQyODA1WjBJMQswCQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQL\n"
    "DANBV1MxGzAZBgNVBAMMEmF3cy5uaXRyby1lbmNsYXZlczB2MBAGByqGSM49AgEG\n"
    "BSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy2YlES1BR5TSksfbb\n"
    "48C8WBoyt7F2Bw7eEtaaP+ohG2bnUs990d0JX28TcPQXCEPZ3BABIeTPYwEoCWZE\n"
    "h8l5YoQwTcU/9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUkCW1DdkF\n"
    "R+eWw5b6cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGGMAoGCCqGSM49BAMDA2kAMGYC\n"
    "MQCjfy+Rocm9Xue4YnwWmNJVA44fA0P5W2OpYow9OYCVRaEevL8uO1XYru5xtMPW\n"
    "rfMCMQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPLb+6N\n"
    "IwLz3/Y=\n"
    "-----END CERTIFICATE-----\n";
}  // namespace

const TrustRoot& TrustRoot::aws_nitro() {
  static const TrustRoot root = [] {
    auto parsed = from_pem(kAwsRootPem);
    NES_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return root;
}

Result<TrustRoot> TrustRoot::from_pem(std::string_view pem) {
  const ErrorQueue queue;
  const Error malformed{ErrorCode::kMalformed, "not one self-signed P-384 CA certificate in PEM"};
  const OpenSslPtr<bio_st> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!memory) return Error{ErrorCode::kCrypto, "OpenSSL failed"};
  const CertificatePtr certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  const CertificatePtr second(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!certificate || second) return malformed;
  const std::uint32_t flags = X509_get_extension_flags(certificate.get());
  constexpr std::uint32_t kWanted = EXFLAG_CA | EXFLAG_SS;
  if ((flags & EXFLAG_INVALID) != 0 || (flags & kWanted) != kWanted || !has_p384_key(*certificate) ||
      X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) != 1)
    return malformed;
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return malformed;
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return TrustRoot(std::move(bytes));
}

TrustRoot TrustRoot::unsigned_development() { return TrustRoot({}); }

}  // namespace nes::attest

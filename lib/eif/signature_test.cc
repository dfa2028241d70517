#include "eif/signature.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "eif/openssl_keys.h"

namespace nes::eif {
namespace {

Bytes content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, data + size};
}

// A key of this curve and a certificate that it has signed itself.
class Signer {
 public:
  explicit Signer(const char* curve) : key_(EVP_EC_gen(curve)) {
    const OpenSslPtr<X509> x509(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("me"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get()));
    X509_sign(x509.get(), key_.get(), EVP_sha384());
    const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), x509.get());
    certificate = content_of(bio.get());
  }

  secret::SecretBytes key() const {
    const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return secret::SecretBytes::copy_of(content_of(bio.get()));
  }

  Bytes certificate;

 private:
  OpenSslPtr<EVP_PKEY> key_;
};

constexpr crypto::Sha384Digest kPcr0 = {1, 2, 3};

TEST(Signature, of_each_curve_is_verified_and_is_of_one_image) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    const Signer signer(curve);
    const auto section = sign(signer.certificate, signer.key(), kPcr0);
    ASSERT_TRUE(section.ok()) << curve;
    const auto certificate = verify_signature(*section, kPcr0);
    ASSERT_TRUE(certificate.ok()) << curve;
    EXPECT_EQ(certificate->issuer.at("commonName"), "me");
    EXPECT_EQ(certificate->not_after_s - certificate->not_before_s, 3600);
    crypto::Sha384Digest other = kPcr0;
    other.back() ^= 1;
    EXPECT_FALSE(verify_signature(*section, other).ok()) << curve;
  }
}

TEST(Signature, is_void_after_any_flipped_bit_of_it) {
  const Signer signer("P-256");
  SignatureSection section = read_section(sign(signer.certificate, signer.key(), kPcr0).value()).value();
  for (Bytes* part : {&section.signature, &section.payload, &section.protected_header})
    for (std::uint8_t& byte : *part) {
      byte ^= 1;
      EXPECT_FALSE(verify_signature(write_section(section).value(), kPcr0).ok());
      byte ^= 1;
    }
  EXPECT_TRUE(verify_signature(write_section(section).value(), kPcr0).ok());
  section.signature.push_back(0);
  EXPECT_FALSE(verify_signature(write_section(section).value(), kPcr0).ok());
  section.signature.assign(64, 0);
  EXPECT_FALSE(verify_signature(write_section(section).value(), kPcr0).ok());
}

TEST(Signature, is_the_certificate_s_own) {
  const Signer mine("P-384");
  const Signer other("P-384");
  const Signer smaller("P-256");
  EXPECT_EQ(sign(mine.certificate, other.key(), kPcr0).error().code, ErrorCode::kNotAllowed);
  EXPECT_EQ(sign(mine.certificate, smaller.key(), kPcr0).error().code, ErrorCode::kNotAllowed);
  SignatureSection section = read_section(sign(mine.certificate, mine.key(), kPcr0).value()).value();
  section.certificate_pem = other.certificate;
  EXPECT_FALSE(verify_signature(write_section(section).value(), kPcr0).ok());
  section.certificate_pem = smaller.certificate;
  EXPECT_FALSE(verify_signature(write_section(section).value(), kPcr0).ok());
}

TEST(Signature, is_made_with_three_curves_and_no_other) {
  const Signer signer("secp256k1");
  EXPECT_FALSE(sign(signer.certificate, signer.key(), kPcr0).ok());
  EXPECT_FALSE(parse_certificate(signer.certificate).ok());
  EXPECT_FALSE(parse_certificate(as_bytes("no certificate")).ok());
  EXPECT_FALSE(sign(Signer("P-256").certificate, secret::SecretBytes(), kPcr0).ok());
}

}  // namespace
}  // namespace nes::eif

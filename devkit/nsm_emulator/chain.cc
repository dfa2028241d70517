#include "devkit/nsm_emulator/chain.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace nes::nsm_emulator {
namespace {

constexpr std::int64_t kHourS = 3600, kDayS = 24 * kHourS, kYearS = 365 * kDayS;
constexpr std::size_t kCoordinateBytes = 48;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

Error crypto_error() noexcept {
  ERR_clear_error();
  return {ErrorCode::kCrypto, "OpenSSL failed to make a certificate or a signature"};
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  if (*value == '\0') return true;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::uint8_t bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7F;
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& name) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1;
}

Bytes der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

void Chain::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void Chain::Free::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

std::vector<CertificatePlan> usual_plans(std::int64_t unix_ms) {
  const std::int64_t now_s = unix_ms / 1000;
  return {{.name = "emulated Nitro root", .begins_unix_s = now_s - kDayS, .ends_unix_s = now_s + 30 * kYearS},
          {.name = "emulated Nitro intermediate",
           .basic_constraints = "critical,CA:TRUE,pathlen:0",
           .begins_unix_s = now_s - kDayS,
           .ends_unix_s = now_s + 30 * kDayS},
          {.name = "i-00000000000000000-enc0000000000000000",
           .basic_constraints = "critical,CA:FALSE",
           .key_usage = "critical,digitalSignature",
           .begins_unix_s = now_s - 300,
           .ends_unix_s = now_s - 300 + 3 * kHourS}};
}

Result<Chain::Link> Chain::make_link(const CertificatePlan& plan, const Link* issuer) {
  Link link{KeyPtr(EVP_EC_gen(plan.curve)), CertificatePtr(X509_new())};
  X509* const certificate = link.certificate.get();
  if (!link.key || certificate == nullptr) return crypto_error();
  X509* const issued_by = issuer == nullptr ? certificate : issuer->certificate.get();
  KeyPtr stranger;
  if (plan.signed_by_another) stranger.reset(EVP_EC_gen("P-384"));
  EVP_PKEY* const signer = stranger ? stranger.get() : issuer == nullptr ? link.key.get() : issuer->key.get();
  const bool ok = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                  set_name(certificate, plan.name) &&
                  X509_set_issuer_name(certificate, X509_get_subject_name(issued_by)) == 1 &&
                  ASN1_TIME_set(X509_getm_notBefore(certificate), plan.begins_unix_s) != nullptr &&
                  ASN1_TIME_set(X509_getm_notAfter(certificate), plan.ends_unix_s) != nullptr &&
                  X509_set_pubkey(certificate, link.key.get()) == 1 &&
                  add_extension(certificate, issued_by, NID_subject_key_identifier, "hash") &&
                  add_extension(certificate, issued_by, NID_basic_constraints, plan.basic_constraints) &&
                  add_extension(certificate, issued_by, NID_key_usage, plan.key_usage) &&
                  X509_sign(certificate, signer, EVP_get_digestbyname(plan.digest)) > 0;
  if (!ok) return crypto_error();
  return link;
}

Result<void> Chain::extend(const std::vector<CertificatePlan>& plans) {
  for (const CertificatePlan& plan : plans) {
    NES_TRY_ASSIGN(Link link, make_link(plan, links_.empty() ? nullptr : &links_.back()));
    links_.push_back(std::move(link));
    leaf_ends_unix_s_ = plan.ends_unix_s;
  }
  return {};
}

Result<Chain> Chain::make(const std::vector<CertificatePlan>& plans) {
  if (plans.size() < 2) return Error{ErrorCode::kMalformed, "a chain has a root and a leaf"};
  Chain chain;
  NES_TRY(chain.extend(plans));
  return chain;
}

Result<Chain> Chain::renewed(std::int64_t unix_ms) const { return from_root(root_and_key_pem(), unix_ms); }

std::string Chain::root_pem() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), links_.front().certificate.get()) != 1) return {};
  return text_of(memory.get());
}

std::string Chain::root_and_key_pem() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), links_.front().key.get(), nullptr, nullptr, 0,
                                               nullptr, nullptr) != 1)
    return {};
  return root_pem() + text_of(memory.get());
}

Result<Chain> Chain::from_root(const std::string& root_and_key_pem, std::int64_t unix_ms) {
  const BioPtr memory(BIO_new_mem_buf(root_and_key_pem.data(), static_cast<int>(root_and_key_pem.size())));
  if (!memory) return crypto_error();
  Link root;
  root.certificate.reset(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  root.key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!root.certificate || !root.key || X509_check_private_key(root.certificate.get(), root.key.get()) != 1)
    return Error{ErrorCode::kMalformed, "not a root certificate and its key in PEM"};
  Chain chain;
  chain.links_.push_back(std::move(root));
  std::vector<CertificatePlan> plans = usual_plans(unix_ms);
  plans.erase(plans.begin());
  NES_TRY(chain.extend(plans));
  return chain;
}

std::vector<Bytes> Chain::cabundle() const {
  std::vector<Bytes> bundle;
  for (std::size_t i = 0; i + 1 < links_.size(); ++i) bundle.push_back(der_of(links_[i].certificate.get()));
  return bundle;
}

Bytes Chain::leaf() const { return der_of(links_.back().certificate.get()); }

Result<Bytes> Chain::sign(ByteView message) const {
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::size_t size = 256;
  Bytes der(size);
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, links_.back().key.get()) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) != 1)
    return crypto_error();
  const unsigned char* at = der.data();
  const SignaturePtr parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  Bytes signature(2 * kCoordinateBytes);
  if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), signature.data(), kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), signature.data() + kCoordinateBytes, kCoordinateBytes) < 0)
    return crypto_error();
  return signature;
}

}  // namespace nes::nsm_emulator

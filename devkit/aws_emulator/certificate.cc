#include "devkit/aws_emulator/certificate.h"

#include <optional>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "devkit/aws_emulator/files.h"
#include "tls/openssl.h"

namespace nes::aws_emulator {
namespace {

constexpr std::int64_t kDayS = std::int64_t{24} * 3600;
constexpr std::int64_t kCaDays = 3650;
constexpr std::int64_t kLeafDays = 365;

using Key = tls::OpenSslPtr<evp_pkey_st>;
using Certificate = tls::OpenSslPtr<x509_st>;
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct Authority {
  Key key;
  Certificate certificate;
};

Error crypto_error() noexcept {
  ERR_clear_error();
  return {ErrorCode::kCrypto, "OpenSSL could not make a certificate"};
}

std::string_view contents(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Reads `text` where it is.
Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool set_serial(X509* certificate) {
  // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
  unsigned char random[16];
  if (RAND_bytes(random, sizeof random) != 1) return false;
  random[0] = static_cast<unsigned char>((random[0] & 0x7F) | 0x40);
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(BN_bin2bn(random, sizeof random, nullptr), BN_free);
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// All but the extensions and the signature.
Certificate begin_certificate(EVP_PKEY* key, const char* common_name, const X509* issuer,
                              std::int64_t unix_ms, std::int64_t days) {
  Certificate out(X509_new());
  if (!out) return nullptr;
  X509_NAME* const subject = X509_get_subject_name(out.get());
  const std::int64_t begin_s = unix_ms / 1000 - kDayS;
  const bool ok =
      X509_set_version(out.get(), X509_VERSION_3) == 1 && set_serial(out.get()) &&
      ASN1_TIME_set(X509_getm_notBefore(out.get()), begin_s) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(out.get()), begin_s + days * kDayS) != nullptr &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0) == 1 &&
      X509_set_issuer_name(out.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer)) == 1 &&
      X509_set_pubkey(out.get(), key) == 1;
  return ok ? std::move(out) : nullptr;
}

std::string alternative_names(const std::string& region) {
  const std::string domain = "." + region + ".amazonaws.com";
  std::string out = "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:*.s3" + domain;
  for (const char* service : {"kms", "secretsmanager", "sts", "s3"}) out += ",DNS:" + (service + domain);
  return out;
}

Result<std::string> to_pem(const Certificate& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return crypto_error();
  return std::string(contents(bio));
}

Result<Authority> make_authority(const std::string& certificate_path, const std::string& key_path,
                                 std::int64_t unix_ms) {
  Authority out{Key(EVP_EC_gen("P-256")), nullptr};
  if (!out.key) return crypto_error();
  out.certificate = begin_certificate(out.key.get(), "aws-emulator CA", nullptr, unix_ms, kCaDays);
  X509* const ca = out.certificate.get();
  const bool ok = ca != nullptr &&
                  add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                  add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                  add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
                  X509_sign(ca, out.key.get(), EVP_sha256()) > 0;
  const Bio key_bio(BIO_new(BIO_s_mem()));
  if (!ok || !key_bio ||
      PEM_write_bio_PKCS8PrivateKey(key_bio.get(), out.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return crypto_error();
  NES_TRY_ASSIGN(const std::string pem, to_pem(out.certificate));
  // The key first: a certificate without its key would be taken for an authority that was tampered with.
  NES_TRY(replace_file(key_path, key_path + ".draft", contents(key_bio), 0600));
  NES_TRY(replace_file(certificate_path, certificate_path + ".draft", pem, 0644));
  return out;
}

Result<Authority> open_authority(const std::string& directory, std::int64_t unix_ms) {
  const std::string certificate_path = directory + "/ca.pem";
  const std::string key_path = directory + "/ca-key.pem";
  NES_TRY_ASSIGN(const auto pem, read_file(certificate_path, limits::kCaBundleBytes));
  if (!pem) return make_authority(certificate_path, key_path, unix_ms);
  NES_TRY_ASSIGN(const auto key_pem, read_file(key_path, limits::kCaBundleBytes));
  const Error mismatch{ErrorCode::kMalformed, "ca.pem and ca-key.pem are not of one authority"};
  if (!key_pem) return mismatch;
  const Bio certificate_bio = reader(*pem);
  const Bio key_bio = reader(*key_pem);
  if (!certificate_bio || !key_bio) return crypto_error();
  Authority out{Key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr)),
                Certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr))};
  ERR_clear_error();
  if (!out.key || !out.certificate || X509_check_private_key(out.certificate.get(), out.key.get()) != 1)
    return mismatch;
  return out;
}

}  // namespace

Result<std::shared_ptr<const tls::Identity>> server_identity(const std::string& directory,
                                                             const std::string& region,
                                                             std::int64_t unix_ms) {
  NES_TRY_ASSIGN(Authority authority, open_authority(directory, unix_ms));
  X509* const ca = authority.certificate.get();
  Key key(EVP_EC_gen("P-256"));
  if (!key) return crypto_error();
  Certificate leaf = begin_certificate(key.get(), "aws-emulator", ca, unix_ms, kLeafDays);
  const bool ok = leaf && add_extension(leaf.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(leaf.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(leaf.get(), ca, NID_ext_key_usage, "serverAuth") &&
                  add_extension(leaf.get(), ca, NID_subject_key_identifier, "hash") &&
                  add_extension(leaf.get(), ca, NID_authority_key_identifier, "keyid:always") &&
                  add_extension(leaf.get(), ca, NID_subject_alt_name, alternative_names(region)) &&
                  X509_sign(leaf.get(), authority.key.get(), EVP_sha256()) > 0;
  if (!ok) return crypto_error();
  std::vector<Certificate> chain;
  chain.push_back(std::move(leaf));
  chain.push_back(std::move(authority.certificate));
  return std::make_shared<const tls::Identity>(std::move(key), std::move(chain));
}

}  // namespace nes::aws_emulator

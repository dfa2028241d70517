#include "tls/identity.h"

#include <arpa/inet.h>

#include <utility>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace nes::tls {
namespace {

constexpr std::int64_t kHourS = 3600;
constexpr std::int64_t kLeafLifetimeS = 24 * kHourS;
constexpr std::int64_t kCaLifetimeS = 3650 * 24 * kHourS;

Error crypto_error() noexcept {
  ERR_clear_error();
  return Error{ErrorCode::kCrypto, "OpenSSL could not make a certificate"};
}

bool set_serial(X509* certificate) noexcept {
  // RFC 5280 section 4.1.2.2: positive, at most 20 octets; 127 random bits.
  unsigned char random[16];
  if (RAND_bytes(random, sizeof random) != 1) return false;
  random[0] = static_cast<unsigned char>((random[0] & 0x7F) | 0x40);
  BIGNUM* number = BN_bin2bn(random, sizeof random, nullptr);
  const bool ok =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return ok;
}

bool set_common_name(X509_NAME* name, const char* text) noexcept {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text),
                                    -1, -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) noexcept {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool ok = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

bool add_attestation(X509* certificate, ByteView document) noexcept {
  if (document.empty()) return true;
  // RFC 5280 section 4.2: the extension's value is the DER of its content, here an OCTET STRING.
  const OpenSslPtr<asn1_string_st> content(ASN1_OCTET_STRING_new());
  const OpenSslPtr<asn1_string_st> value(ASN1_OCTET_STRING_new());
  if (!content || !value ||
      ASN1_OCTET_STRING_set(content.get(), document.data(), static_cast<int>(document.size())) != 1)
    return false;
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OCTET_STRING(content.get(), &der);
  if (size <= 0) return false;
  ASN1_STRING_set0(value.get(), der, size);
  const std::unique_ptr<ASN1_OBJECT, void (*)(ASN1_OBJECT*)> oid(OBJ_txt2obj(kAttestationOid, 1),
                                                                 ASN1_OBJECT_free);
  if (!oid) return false;
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 0, value.get()), X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Version, serial, names, validity and key: what every certificate here has.
OpenSslPtr<x509_st> begin_certificate(EVP_PKEY* key, const char* subject, std::int64_t unix_ms,
                                      std::int64_t lifetime_s) {
  OpenSslPtr<x509_st> certificate(X509_new());
  if (!certificate) return nullptr;
  const std::int64_t begin_s = unix_ms / 1000 - kHourS;  // clocks of clients may be late
  const bool ok = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
                  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), begin_s) != nullptr &&
                  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), begin_s + lifetime_s) != nullptr &&
                  set_common_name(X509_get_subject_name(certificate.get()), subject) &&
                  X509_set_pubkey(certificate.get(), key) == 1;
  return ok ? std::move(certificate) : nullptr;
}

bool is_ip_address(const std::string& name) noexcept {
  unsigned char address[16];
  return inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
}

// Letters, digits, hyphens and dots, and a leading `*.`: nothing that OpenSSL's extension syntax would
// interpret.
bool is_dns_name(std::string_view name) noexcept {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty()) return false;
  for (const char c : name) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!allowed) return false;
  }
  return true;
}

Result<std::string> subject_alternative_names(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    if (is_ip_address(name)) {
      text += "IP:" + name;
    } else if (is_dns_name(name)) {
      text += "DNS:" + name;
    } else {
      return Error{ErrorCode::kMalformed, "a server name is neither a DNS name nor an IP address"};
    }
  }
  if (text.empty()) return Error{ErrorCode::kMalformed, "a certificate needs a server name"};
  return text;
}

Bytes public_der(evp_pkey_st* key) {
  const int size = i2d_PUBKEY(key, nullptr);
  NES_CHECK(size > 0);
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  NES_CHECK(i2d_PUBKEY(key, &out) == size);
  return der;
}

}  // namespace

Identity::Identity(OpenSslPtr<evp_pkey_st> key, std::vector<OpenSslPtr<x509_st>> chain) noexcept
    : key_(std::move(key)), chain_(std::move(chain)) {}

Bytes Identity::public_key_der() const { return public_der(key_.get()); }

Result<std::shared_ptr<const Identity>> load_identity(std::string_view chain_pem,
                                                      const secret::SecretBytes& key_der) {
  const Error malformed{ErrorCode::kMalformed, "not a certificate chain and its PKCS #8 key"};
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(
      BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())), BIO_free);
  if (!memory) return crypto_error();
  std::vector<OpenSslPtr<x509_st>> chain;
  while (auto* certificate = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr))
    chain.emplace_back(certificate);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  const unsigned char* at = key_der.reveal().data();
  const unsigned char* const end = at + key_der.size();
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, void (*)(PKCS8_PRIV_KEY_INFO*)> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(key_der.size())), PKCS8_PRIV_KEY_INFO_free);
  OpenSslPtr<evp_pkey_st> key(info && at == end ? EVP_PKCS82PKEY(info.get()) : nullptr);
  const bool ok =
      at_end && !chain.empty() && key && X509_check_private_key(chain.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!ok) return malformed;
  return std::shared_ptr<const Identity>(std::make_shared<Identity>(std::move(key), std::move(chain)));
}

BootIdentity::BootIdentity(OpenSslPtr<evp_pkey_st> key, OpenSslPtr<x509_st> ca) noexcept
    : key_(std::move(key)), ca_(std::move(ca)) {}

Result<std::unique_ptr<BootIdentity>> BootIdentity::create(std::int64_t unix_ms) {
  OpenSslPtr<evp_pkey_st> key(EVP_EC_gen("P-256"));
  if (!key) return crypto_error();
  OpenSslPtr<x509_st> ca = begin_certificate(key.get(), "nitro-enc-svc boot CA", unix_ms, kCaLifetimeS);
  const bool ok = ca && X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1 &&
                  add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                  add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign") &&
                  add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                  X509_sign(ca.get(), key.get(), EVP_sha256()) > 0;
  if (!ok) return crypto_error();
  return std::unique_ptr<BootIdentity>(new BootIdentity(std::move(key), std::move(ca)));
}

Result<std::shared_ptr<const Identity>> BootIdentity::issue(std::span<const std::string> names,
                                                            std::int64_t unix_ms,
                                                            ByteView attestation) const {
  NES_TRY_ASSIGN(const std::string alternative_names, subject_alternative_names(names));
  OpenSslPtr<x509_st> leaf = begin_certificate(key_.get(), "nitro-enc-svc", unix_ms, kLeafLifetimeS);
  const bool ok = leaf && X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca_.get())) == 1 &&
                  add_extension(leaf.get(), ca_.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(leaf.get(), ca_.get(), NID_key_usage, "critical,digitalSignature") &&
                  add_extension(leaf.get(), ca_.get(), NID_ext_key_usage, "serverAuth") &&
                  add_extension(leaf.get(), ca_.get(), NID_subject_key_identifier, "hash") &&
                  add_extension(leaf.get(), ca_.get(), NID_authority_key_identifier, "keyid:always") &&
                  add_extension(leaf.get(), ca_.get(), NID_subject_alt_name, alternative_names.c_str()) &&
                  add_attestation(leaf.get(), attestation) &&
                  X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0;
  if (!ok || EVP_PKEY_up_ref(key_.get()) != 1) return crypto_error();
  OpenSslPtr<evp_pkey_st> key(key_.get());
  std::vector<OpenSslPtr<x509_st>> chain;
  chain.push_back(std::move(leaf));
  if (X509_up_ref(ca_.get()) != 1) return crypto_error();
  chain.emplace_back(ca_.get());
  return std::shared_ptr<const Identity>(std::make_shared<Identity>(std::move(key), std::move(chain)));
}

std::string BootIdentity::ca_pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  NES_CHECK(memory != nullptr && PEM_write_bio_X509(memory, ca_.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

Bytes BootIdentity::public_key_der() const { return public_der(key_.get()); }

}  // namespace nes::tls

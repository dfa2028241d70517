#include "tls/identity.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace nes::tls {
namespace {

constexpr std::int64_t kNowMs = 1'800'000'000'000;
constexpr std::int64_t kHourMs = 3'600'000;

// X509_V_OK, or the reason, for `identity` under its own boot CA at `at_ms`.
int verify(const Identity& identity, std::int64_t at_ms, const char* host, const char* ip = nullptr) {
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, identity.chain()[1].get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, identity.chain()[0].get(), nullptr);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(parameters, at_ms / 1000);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
  if (host != nullptr) X509_VERIFY_PARAM_set1_host(parameters, host, 0);
  if (ip != nullptr) X509_VERIFY_PARAM_set1_ip_asc(parameters, ip);
  X509_verify_cert(context);
  const int result = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return result;
}

class IdentityTest : public testing::Test {
 protected:
  std::shared_ptr<const Identity> issue(std::vector<std::string> names) {
    auto identity = boot_->issue(names, kNowMs, {});
    EXPECT_TRUE(identity.ok());
    return *identity;
  }
  std::unique_ptr<BootIdentity> boot_ = BootIdentity::create(kNowMs).value();
};

TEST_F(IdentityTest, issues_a_leaf_that_verifies_strictly_under_the_boot_ca) {
  const auto identity = issue({"localhost", "nitro-enc-svc", "*.svc.example", "127.0.0.1", "::1"});
  EXPECT_EQ(verify(*identity, kNowMs, "localhost"), X509_V_OK);
  EXPECT_EQ(verify(*identity, kNowMs, "nitro-enc-svc"), X509_V_OK);
  EXPECT_EQ(verify(*identity, kNowMs, "a.svc.example"), X509_V_OK);
  EXPECT_EQ(verify(*identity, kNowMs, nullptr, "127.0.0.1"), X509_V_OK);
  EXPECT_EQ(verify(*identity, kNowMs, nullptr, "::1"), X509_V_OK);
}

TEST_F(IdentityTest, does_not_verify_for_another_name_or_time) {
  const auto identity = issue({"localhost"});
  EXPECT_EQ(verify(*identity, kNowMs, "localhost.example"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(verify(*identity, kNowMs, nullptr, "127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
  EXPECT_EQ(verify(*identity, kNowMs - 2 * kHourMs, "localhost"), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify(*identity, kNowMs + 25 * kHourMs, "localhost"), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(IdentityTest, gives_ca_and_leaf_their_own_subjects_serials_and_key_identifiers) {
  const auto identity = issue({"localhost"});
  X509* leaf = identity->chain()[0].get();
  X509* ca = identity->chain()[1].get();
  EXPECT_NE(X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_subject_name(ca)), 0);
  EXPECT_EQ(X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(ca)), 0);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(leaf), X509_get0_serialNumber(ca)), 0);
  EXPECT_EQ(X509_check_ca(ca), 1);
  EXPECT_EQ(X509_get_pathlen(ca), 0);
  EXPECT_EQ(X509_check_ca(leaf), 0);
  EXPECT_NE(X509_get0_subject_key_id(leaf), nullptr);
  ASSERT_NE(X509_get0_authority_key_id(leaf), nullptr);
  EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf), X509_get0_subject_key_id(ca)), 0);
}

TEST_F(IdentityTest, keeps_ca_and_key_over_reissues_and_changes_them_with_the_boot) {
  const auto first = issue({"localhost"});
  const auto second = issue({"localhost"});
  EXPECT_EQ(X509_cmp(first->chain()[1].get(), second->chain()[1].get()), 0);
  EXPECT_NE(X509_cmp(first->chain()[0].get(), second->chain()[0].get()), 0);
  EXPECT_EQ(EVP_PKEY_eq(first->key(), second->key()), 1);
  const auto other = BootIdentity::create(kNowMs).value();
  EXPECT_NE(other->public_key_der(), boot_->public_key_der());
  EXPECT_NE(other->ca_pem(), boot_->ca_pem());
}

TEST_F(IdentityTest, carries_an_attestation_document_in_its_extension_and_nothing_without_one) {
  const Bytes document{0xD2, 0x84, 0x44, 0xA1, 0x01, 0x38, 0x22};
  const std::vector<std::string> names{"localhost"};
  const auto with = boot_->issue(names, kNowMs, document).value();
  const std::unique_ptr<ASN1_OBJECT, void (*)(ASN1_OBJECT*)> oid(OBJ_txt2obj(kAttestationOid, 1),
                                                                 ASN1_OBJECT_free);
  const int index = X509_get_ext_by_OBJ(with->chain()[0].get(), oid.get(), -1);
  ASSERT_GE(index, 0);
  X509_EXTENSION* extension = X509_get_ext(with->chain()[0].get(), index);
  EXPECT_EQ(X509_EXTENSION_get_critical(extension), 0);
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
  EXPECT_EQ(
      base::hex_encode({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))}),
      "0407" + base::hex_encode(document))
      << "an OCTET STRING in DER";
  EXPECT_EQ(verify(*with, kNowMs, "localhost"), X509_V_OK);
  EXPECT_LT(X509_get_ext_by_OBJ(issue(names)->chain()[0].get(), oid.get(), -1), 0);
}

secret::SecretBytes pkcs8_of(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  auto bytes = secret::SecretBytes::copy_of({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  return bytes;
}

std::string pem_of(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

TEST_F(IdentityTest, loads_a_chain_that_was_issued_elsewhere_with_its_key) {
  const auto issued = issue({"pay.example"});
  const std::string pem = pem_of(issued->chain()[0].get()) + pem_of(issued->chain()[1].get());
  const auto loaded = load_identity(pem, pkcs8_of(issued->key()));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ((*loaded)->chain().size(), 2U);
  EXPECT_EQ(verify(**loaded, kNowMs, "pay.example"), X509_V_OK);
}

TEST_F(IdentityTest, refuses_a_chain_or_key_that_is_not_whole) {
  const auto issued = issue({"pay.example"});
  const std::string pem = pem_of(issued->chain()[0].get());
  const auto other =
      BootIdentity::create(kNowMs).value()->issue(std::vector<std::string>{"x.example"}, kNowMs, {}).value();
  EXPECT_FALSE(load_identity("", pkcs8_of(issued->key())).ok());
  EXPECT_FALSE(load_identity("no certificate", pkcs8_of(issued->key())).ok());
  EXPECT_FALSE(load_identity(pem + pem.substr(0, pem.size() / 2), pkcs8_of(issued->key())).ok());
  EXPECT_FALSE(load_identity(pem, pkcs8_of(other->key())).ok()) << "another key";
  EXPECT_FALSE(load_identity(pem, secret::SecretBytes()).ok());
  for (const std::size_t size : {std::size_t{1}, std::size_t{10}, pkcs8_of(issued->key()).size() - 1}) {
    auto cut = pkcs8_of(issued->key());
    cut.resize(size);
    EXPECT_FALSE(load_identity(pem, cut).ok()) << size;
  }
  auto longer = pkcs8_of(issued->key());
  longer.push_back(0);
  EXPECT_FALSE(load_identity(pem, longer).ok());
}

TEST_F(IdentityTest, makes_p256_keys) {
  EXPECT_EQ(boot_->public_key_der().size(), 91U)
      << "RFC 5480 SubjectPublicKeyInfo, named curve, uncompressed point";
}

TEST_F(IdentityTest, refuses_names_that_are_no_names) {
  for (const std::string name :
       {"", "a,DNS:evil", "a b", "URI:x", "*", "a.*.b", "localhost\n", "caf\xC3\xA9"})
    EXPECT_FALSE(boot_->issue(std::vector<std::string>{name}, kNowMs, {}).ok()) << name;
  EXPECT_FALSE(boot_->issue({}, kNowMs, {}).ok());
}

}  // namespace
}  // namespace nes::tls

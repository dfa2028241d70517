#include "enclave/service/certificate.h"

#include <utility>

#include "attest/tls_binding.h"
#include "aws/json_fields.h"

namespace nes::service {

Result<std::shared_ptr<const tls::Identity>> BootCertificate::renew() {
  if (identity_ == nullptr) {
    NES_TRY_ASSIGN(identity_, tls::BootIdentity::create(clock_.unix_ms()));
  }
  Bytes document;
  if (nsm_ != nullptr) {
    NES_TRY_ASSIGN(Bytes user_data, attest::tls_user_data(identity_->public_key_der()));
    NES_TRY_ASSIGN(document, nsm_->attest({.user_data = std::move(user_data)}));
  }
  return identity_->issue(names_, clock_.unix_ms(), document);
}

Result<std::shared_ptr<const tls::Identity>> SecretCertificate::renew() {
  NES_TRY_ASSIGN(const aws::SecretValue value, secrets_.get(secret_arn_, {}));
  const Error malformed{ErrorCode::kMalformed, "the TLS secret is not a certificate and its encrypted key"};
  if (!value.text) return malformed;
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(*value.text));
  NES_TRY_ASSIGN(const std::string_view certificate, fields.string("certificate"));
  NES_TRY_ASSIGN(const std::optional<Bytes> sealed_key, fields.optional_base64("encryptedKey"));
  if (!sealed_key) return malformed;
  NES_TRY_ASSIGN(const keyring::Opened key, decrypter_.open(*sealed_key, secret_arn_));
  return tls::load_identity(certificate, key.plaintext);
}

}  // namespace nes::service

#include "keyring/attested_decrypter.h"

#include <string>

#include "aws/remote_code.h"

namespace nes::keyring {

Result<secret::SecretBytes> AttestedDecrypter::open_with(ByteView ciphertext,
                                                         const aws::EncryptionContext& context) {
  if (recipient_key_ == nullptr) {
    NES_TRY_ASSIGN(recipient_key_, aws::RecipientKey::generate());
  }
  // Fresh each time: KMS takes no old documents. Nothing but the key goes in.
  NES_TRY_ASSIGN(const Bytes document, nsm_.attest({.public_key = recipient_key_->public_key_der()}));
  NES_TRY_ASSIGN(const Bytes sealed, kms_.decrypt_for_recipient(ciphertext, context, document));
  return recipient_key_->open(sealed);
}

Result<Opened> AttestedDecrypter::open(ByteView ciphertext, std::string_view secret_arn) {
  if (const auto context = contexts_.find(secret_arn); context != contexts_.end()) {
    NES_TRY_ASSIGN(secret::SecretBytes plaintext, open_with(ciphertext, context->second));
    return Opened{std::move(plaintext), "configured"};
  }
  auto bound = open_with(ciphertext, {{"nitro-enc-svc:secret-arn", std::string(secret_arn)}});
  if (bound.ok()) return Opened{std::move(bound).value(), "secret-arn"};
  if (aws::remote_code_of(bound.error()) != aws::RemoteCode::kInvalidCiphertext) return bound.error();
  NES_TRY_ASSIGN(secret::SecretBytes plaintext, open_with(ciphertext, {}));
  return Opened{std::move(plaintext), "none"};
}

}  // namespace nes::keyring

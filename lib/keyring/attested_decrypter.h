// Opens what KMS has encrypted, as only the measured image can: every call carries an attestation document,
// and KMS answers to the RSA key that is in it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "attest/nsm.h"
#include "aws/kms.h"
#include "aws/recipient_key.h"
#include "base/error.h"
#include "base/result.h"
#include "secret/secret.h"

namespace nes::keyring {

struct Opened {
  secret::SecretBytes plaintext;
  base::StaticText context;  // which encryption context opened it: "configured", "secret-arn" or "none"
};

class Decrypter {
 public:
  virtual ~Decrypter() = default;
  // The plaintext of `ciphertext`, which is stored in the secret `secret_arn`. THE CALLER MUST CHECK the
  // plaintext's form (aws/recipient_key.h says why).
  virtual Result<Opened> open(ByteView ciphertext, std::string_view secret_arn) = 0;
};

// Thread rule: one thread, that of the KMS client.
class AttestedDecrypter final : public Decrypter {
 public:
  // The references must outlive this. `contexts`: for a secret's ARN the encryption context to ask for
  // (DEK_ENCRYPTION_CONTEXT). Without one, a ciphertext must have been made for the secret that holds it, or
  // for no context (CONTRACTS section 1).
  AttestedDecrypter(aws::Kms& kms, attest::Nsm& nsm,
                    std::map<std::string, aws::EncryptionContext, std::less<>> contexts) noexcept
      : kms_(kms), nsm_(nsm), contexts_(std::move(contexts)) {}

  // Errors: the NSM's, aws::Kms's and RecipientKey's.
  Result<Opened> open(ByteView ciphertext, std::string_view secret_arn) override;

 private:
  Result<secret::SecretBytes> open_with(ByteView ciphertext, const aws::EncryptionContext& context);

  aws::Kms& kms_;
  attest::Nsm& nsm_;
  const std::map<std::string, aws::EncryptionContext, std::less<>> contexts_;
  std::unique_ptr<aws::RecipientKey> recipient_key_;  // of this boot, made at first use
};

}  // namespace nes::keyring

// Keys from AWS: the versions of a secret in Secrets Manager, each a ciphertext of KMS (CONTRACTS section 6).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "aws/secrets_manager.h"
#include "keyring/attested_decrypter.h"
#include "keyring/keyring.h"

namespace nes::keyring {

// Thread rule: one thread, that of the clients.
class SecretKeySource final : public KeySource {
 public:
  // The references must outlive this.
  SecretKeySource(aws::SecretsManager& secrets, Decrypter& decrypter, std::string secret_arn) noexcept
      : secrets_(secrets), decrypter_(decrypter), secret_arn_(std::move(secret_arn)) {}

  // AWSCURRENT seals; AWSPENDING, AWSPREVIOUS and versions labelled NES-… open. What a version holds never
  // changes, so those that were opened before are not asked for again, but for AWSCURRENT: whether KMS still
  // releases it should be known before the next start.
  //
  // kNotFound if there is no AWSCURRENT; kLimit over limits::kLoadedKeys; else the error of whatever could
  // not be read. Another version than AWSCURRENT that AWS refuses to open, or that holds no key, is left out
  // and counted; the next call asks for it again.
  Result<FetchedKeys> fetch() override;

 private:
  Result<Opened> open(const std::string& version_id);

  aws::SecretsManager& secrets_;
  Decrypter& decrypter_;
  const std::string secret_arn_;
  std::map<std::string, secret::SecretBytes> opened_;  // by version id
};

// The ciphertext that a secret's value is: SecretBinary as it is, SecretString in base64, with white space
// around it. kMalformed.
Result<Bytes> ciphertext_of(const aws::SecretValue& value);

}  // namespace nes::keyring

// AWS KMS: what the enclave and the CLI need of it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/client.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws {

using EncryptionContext = std::map<std::string, std::string>;

// Thread rule: one thread, the client's.
class Kms {
 public:
  // `client` must outlive this. `key_id`: a key's ARN or id, never an alias.
  Kms(Client& client, std::string key_id) noexcept : client_(client), key_id_(std::move(key_id)) {}

  // Decrypt with a Recipient: CiphertextForRecipient, for RecipientKey::open(), whose public key
  // `attestation_document` carries. An empty context is none. kMalformed if the answer has a Plaintext in it,
  // although it was asked to have none, or names another key, or lacks the ciphertext; else Client's errors,
  // of which RemoteCode::kInvalidCiphertext (a wrong context as well) is told by remote_code_of().
  Result<Bytes> decrypt_for_recipient(ByteView ciphertext, const EncryptionContext& context,
                                      ByteView attestation_document);

  // A new 256-bit data key, encrypted under the key: CiphertextBlob. Nobody sees its plaintext. kMalformed as
  // above.
  Result<Bytes> generate_data_key_without_plaintext(const EncryptionContext& context);

 private:
  Result<JsonFields> call(std::string_view operation, std::string body);

  Client& client_;
  std::string key_id_;
};

// Whether `answered`, a KeyId in an answer of KMS, is the key `configured`: the same text, or the ARN of a
// configured id.
bool is_same_key(std::string_view configured, std::string_view answered) noexcept;

}  // namespace nes::aws

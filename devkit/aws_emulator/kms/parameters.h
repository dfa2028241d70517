// The parameters of KMS's operations: those that are understood, of all operations together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "devkit/aws_emulator/kms/state.h"

namespace nes::aws_emulator {

// Who is to read the answer: an enclave, by its attestation document.
struct RecipientInfo {
  std::string key_encryption_algorithm;
  Bytes attestation_document;
};

struct KmsParameters {
  std::optional<std::string> key_id;
  std::optional<std::string> source_key_id;
  std::optional<std::string> destination_key_id;
  std::optional<std::string> target_key_id;
  std::optional<std::string> alias_name;
  std::optional<std::string> policy;
  std::optional<std::string> policy_name;
  std::optional<std::string> description;
  std::optional<std::string> key_usage;
  std::optional<std::string> key_spec;
  std::optional<std::string> customer_master_key_spec;  // the older name of CreateKey's KeySpec
  std::optional<std::string> origin;
  std::optional<std::string> encryption_algorithm;
  std::optional<std::string> source_encryption_algorithm;
  std::optional<std::string> destination_encryption_algorithm;
  std::optional<std::string> name;
  std::optional<std::string> grantee_principal;
  std::optional<std::string> retiring_principal;
  std::optional<std::string> grant_id;
  std::optional<std::string> grant_token;
  std::optional<std::string> marker;
  std::optional<Bytes> plaintext;
  std::optional<Bytes> ciphertext_blob;
  std::optional<std::int64_t> number_of_bytes;
  std::optional<std::int64_t> pending_window_in_days;
  std::optional<std::int64_t> limit;
  EncryptionContext encryption_context;
  EncryptionContext source_encryption_context;
  EncryptionContext destination_encryption_context;
  std::optional<RecipientInfo> recipient;
  std::vector<std::string> operations;
  GrantConstraints constraints;
  bool bypass_policy_lockout_safety_check = false;
  bool multi_region = false;
  bool dry_run = false;
};

// kMalformed or kLimit if `body` is no JSON object or has a parameter of another type. Unknown parameters are
// ignored.
Result<KmsParameters> parse_kms_parameters(std::string_view body);

}  // namespace nes::aws_emulator

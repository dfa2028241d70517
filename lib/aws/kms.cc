#include "aws/kms.h"

#include "base/json_text.h"

namespace nes::aws {
namespace {

// Appends `"name":"value"`, behind a comma unless it is the object's first member.
void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (!out.ends_with('{')) out += ',';
  base::append_quoted(out, name);
  out += ':';
  base::append_quoted(out, value);
}

void append_context(std::string& out, const EncryptionContext& context) {
  if (context.empty()) return;
  out += ",\"EncryptionContext\":{";
  for (const auto& [name, value] : context) append_member(out, name, value);
  out += '}';
}

}  // namespace

bool is_same_key(std::string_view configured, std::string_view answered) noexcept {
  if (configured == answered) return true;
  constexpr std::string_view kResource = ":key/";
  const std::size_t at = answered.rfind(kResource);
  return !configured.empty() && !configured.starts_with("arn:") && answered.starts_with("arn:") &&
         at != std::string_view::npos && answered.substr(at + kResource.size()) == configured;
}

Result<JsonFields> Kms::call(std::string_view operation, std::string body) {
  NES_TRY_ASSIGN(JsonFields fields,
                 client_.call_json(Service::kKms, "TrentService." + std::string(operation), std::move(body)));
  NES_TRY_ASSIGN(const auto plaintext, fields.optional_string("Plaintext"));
  if (plaintext && !plaintext->empty())
    return Error{ErrorCode::kMalformed, "KMS answered with a plaintext that nobody may see"};
  NES_TRY_ASSIGN(const std::string_view key_id, fields.string("KeyId"));
  if (!is_same_key(key_id_, key_id)) return Error{ErrorCode::kMalformed, "KMS answered for another key"};
  return fields;
}

Result<Bytes> Kms::decrypt_for_recipient(ByteView ciphertext, const EncryptionContext& context,
                                         ByteView attestation_document) {
  std::string body = "{";
  append_member(body, "CiphertextBlob", base::base64_encode(ciphertext));
  append_member(body, "KeyId", key_id_);
  append_context(body, context);
  body += ",\"Recipient\":{";
  append_member(body, "AttestationDocument", base::base64_encode(attestation_document));
  append_member(body, "KeyEncryptionAlgorithm", "RSAES_OAEP_SHA_256");
  body += "}}";
  NES_TRY_ASSIGN(const JsonFields fields, call("Decrypt", std::move(body)));
  NES_TRY_ASSIGN(std::optional<Bytes> sealed, fields.optional_base64("CiphertextForRecipient"));
  if (!sealed || sealed->empty())
    return Error{ErrorCode::kMalformed, "KMS answered without a ciphertext for the recipient"};
  return std::move(*sealed);
}

Result<Bytes> Kms::generate_data_key_without_plaintext(const EncryptionContext& context) {
  std::string body = "{";
  append_member(body, "KeyId", key_id_);
  append_member(body, "KeySpec", "AES_256");
  append_context(body, context);
  body += '}';
  NES_TRY_ASSIGN(const JsonFields fields, call("GenerateDataKeyWithoutPlaintext", std::move(body)));
  NES_TRY_ASSIGN(std::optional<Bytes> sealed, fields.optional_base64("CiphertextBlob"));
  if (!sealed || sealed->empty()) return Error{ErrorCode::kMalformed, "KMS answered without a data key"};
  return std::move(*sealed);
}

}  // namespace nes::aws

// Operations that use a key.
#include "attest/verify.h"
#include "crypto/random.h"
#include "devkit/aws_emulator/kms/answers.h"
#include "devkit/aws_emulator/kms/ciphertext.h"
#include "devkit/aws_emulator/kms/kms.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kSymmetric = "SYMMETRIC_DEFAULT";
constexpr std::string_view kRecipientAlgorithm = "RSAES_OAEP_SHA_256";
// "Encrypt", "Decrypt", "GenerateDataKey" and "GenerateRandom" of the API reference.
constexpr std::size_t kPlaintextBytes = 4096;
constexpr std::size_t kCiphertextBytes = 6144;
constexpr std::int64_t kRandomBytes = 1024;
constexpr std::size_t kEncryptionContextBytes = 8192;

Answer invalid_ciphertext() { return json_error(400, "InvalidCiphertextException", ""); }
Answer internal_error() { return json_error(500, "KMSInternalException", "A cryptographic library failed."); }

std::optional<Answer> check_size(const std::optional<Bytes>& value, std::string_view name, std::size_t most) {
  if (value && !value->empty() && value->size() <= most) return std::nullopt;
  return validation_error(std::string(name) + " must have 1 to " + std::to_string(most) + " bytes.");
}

std::optional<Answer> check_common(const std::optional<std::string>& algorithm,
                                   const EncryptionContext& context) {
  if (algorithm.value_or(std::string(kSymmetric)) != kSymmetric)
    return json_error(400, "InvalidKeyUsageException",
                      "The encryption algorithm is not one of a symmetric encryption key.");
  if (write_text_map(context).size() > kEncryptionContextBytes)
    return validation_error("EncryptionContext is longer than 8192 bytes.");
  return std::nullopt;
}

// How long the data key is to be; nothing if that is not said once and right.
std::optional<std::size_t> data_key_bytes(const KmsParameters& parameters) {
  if (parameters.key_spec.has_value() == parameters.number_of_bytes.has_value()) return std::nullopt;
  if (parameters.key_spec == "AES_256") return 32;
  if (parameters.key_spec == "AES_128") return 16;
  const std::int64_t bytes = parameters.number_of_bytes.value_or(0);
  if (bytes < 1 || bytes > kRandomBytes) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

Bytes random_bytes(std::size_t size) {
  Bytes out(size);
  crypto::fill_random(out);
  return out;
}

}  // namespace

Kms::Attested Kms::attest(const std::optional<RecipientInfo>& recipient) const {
  if (!recipient) return {};
  const auto invalid = [](std::string_view what) {
    return Attested{.refusal = validation_error("Recipient: " + std::string(what))};
  };
  if (recipient->key_encryption_algorithm != kRecipientAlgorithm)
    return invalid("KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256");
  attest::Verified verified = attest::parse_and_verify(recipient->attestation_document, options_.root,
                                                       {.allow_debug = true}, clock_->unix_ms());
  if (verified.failure)
    return invalid(
        "the attestation document is not valid: " + std::string(attest::step_name(verified.failure->step)) +
        ": " + std::string(verified.failure->error.reason.view()));
  if (!verified.document->public_key || !is_recipient_key(*verified.document->public_key))
    return invalid("the attestation document has no RSA public key of 2048 bits");
  return {.document = std::move(verified.document)};
}

std::optional<Answer> Kms::add_plaintext(const std::optional<attest::Document>& recipient,
                                         const Bytes& plaintext, JsonObject& out) const {
  if (!recipient) {
    out.text("Plaintext", base::base64_encode(plaintext));
    return std::nullopt;
  }
  const auto envelope = make_envelope(*recipient->public_key, plaintext, options_.recipient_content);
  if (!envelope.ok()) return internal_error();
  out.text("CiphertextForRecipient", base::base64_encode(*envelope));
  return std::nullopt;
}

Kms::Found Kms::find_key_of(const Bytes& ciphertext, const std::optional<std::string>& named,
                            const Caller& caller) {
  const std::optional<std::string> id = key_id_of(ciphertext);
  if (!id) return {.refusal = invalid_ciphertext()};
  const auto key = state_.keys.find(*id);
  if (key == state_.keys.end())
    return {.refusal =
                json_error(400, "AccessDeniedException",
                           "The ciphertext refers to a customer master key that does not exist, does not "
                           "exist in this region, or you are not allowed to access.")};
  if (named) {
    Found found = find_key(named, Name::kKeyOrAlias, caller);
    if (found.refusal) return found;
    if (found.key != &key->second)
      return {.refusal = json_error(400, "IncorrectKeyException",
                                    "The key ID in the request does not identify a CMK that can perform this "
                                    "operation.")};
  }
  return {.key = &key->second};
}

Answer Kms::encrypt(const KmsParameters& parameters, const Caller& caller) {
  if (auto wrong = check_size(parameters.plaintext, "Plaintext", kPlaintextBytes)) return *std::move(wrong);
  if (auto wrong = check_common(parameters.encryption_algorithm, parameters.encryption_context))
    return *std::move(wrong);
  Found found = find_key(parameters.key_id, Name::kKeyOrAlias, caller);
  if (found.refusal) return *std::move(found.refusal);
  if (auto refusal = refuse({"Encrypt", &parameters.encryption_context}, *found.key, caller, parameters))
    return *std::move(refusal);
  const auto sealed = seal(*found.key, parameters.encryption_context, *parameters.plaintext);
  if (!sealed.ok()) return internal_error();
  return succeed(JsonObject()
                     .text("CiphertextBlob", base::base64_encode(*sealed))
                     .text("KeyId", key_arn(found.key->id))
                     .text("EncryptionAlgorithm", kSymmetric));
}

Answer Kms::decrypt(const KmsParameters& parameters, const Caller& caller) {
  if (auto wrong = check_size(parameters.ciphertext_blob, "CiphertextBlob", kCiphertextBytes))
    return *std::move(wrong);
  if (auto wrong = check_common(parameters.encryption_algorithm, parameters.encryption_context))
    return *std::move(wrong);
  Attested attested = attest(parameters.recipient);
  if (attested.refusal) return *std::move(attested.refusal);
  Found found = find_key_of(*parameters.ciphertext_blob, parameters.key_id, caller);
  if (found.refusal) return *std::move(found.refusal);
  const attest::Document* const document = attested.document ? &*attested.document : nullptr;
  if (auto refusal =
          refuse({"Decrypt", &parameters.encryption_context, document}, *found.key, caller, parameters))
    return *std::move(refusal);
  const auto plaintext =
      nes::aws_emulator::open(*found.key, parameters.encryption_context, *parameters.ciphertext_blob);
  if (!plaintext.ok())
    return plaintext.error().code == ErrorCode::kMalformed ? invalid_ciphertext() : internal_error();
  JsonObject out;
  out.text("KeyId", key_arn(found.key->id)).text("EncryptionAlgorithm", kSymmetric);
  if (auto failed = add_plaintext(attested.document, *plaintext, out)) return *std::move(failed);
  return succeed(out);
}

Answer Kms::re_encrypt(const KmsParameters& parameters, const Caller& caller) {
  const EncryptionContext& from = parameters.source_encryption_context;
  const EncryptionContext& to = parameters.destination_encryption_context;
  if (auto wrong = check_size(parameters.ciphertext_blob, "CiphertextBlob", kCiphertextBytes))
    return *std::move(wrong);
  if (auto wrong = check_common(parameters.source_encryption_algorithm, from)) return *std::move(wrong);
  if (auto wrong = check_common(parameters.destination_encryption_algorithm, to)) return *std::move(wrong);
  Found source = find_key_of(*parameters.ciphertext_blob, parameters.source_key_id, caller);
  if (source.refusal) return *std::move(source.refusal);
  Found destination = find_key(parameters.destination_key_id, Name::kKeyOrAlias, caller);
  if (destination.refusal) return *std::move(destination.refusal);

  policy::Context more;
  more.add("kms:ReEncryptOnSameKey", source.key == destination.key ? "true" : "false");
  KmsParameters wet = parameters;  // a dry run ends once both keys are asked
  wet.dry_run = false;
  if (auto refusal = refuse({"ReEncryptFrom", &from, nullptr, more}, *source.key, caller, wet))
    return *std::move(refusal);
  if (auto refusal = refuse({"ReEncryptTo", &to, nullptr, more}, *destination.key, caller, parameters))
    return *std::move(refusal);
  const auto plaintext = nes::aws_emulator::open(*source.key, from, *parameters.ciphertext_blob);
  if (!plaintext.ok())
    return plaintext.error().code == ErrorCode::kMalformed ? invalid_ciphertext() : internal_error();
  const auto sealed = seal(*destination.key, to, *plaintext);
  if (!sealed.ok()) return internal_error();
  return succeed(JsonObject()
                     .text("CiphertextBlob", base::base64_encode(*sealed))
                     .text("SourceKeyId", key_arn(source.key->id))
                     .text("KeyId", key_arn(destination.key->id))
                     .text("SourceEncryptionAlgorithm", kSymmetric)
                     .text("DestinationEncryptionAlgorithm", kSymmetric));
}

Answer Kms::data_key(const KmsParameters& parameters, const Caller& caller, bool with_plaintext) {
  const auto size = data_key_bytes(parameters);
  if (!size)
    return validation_error(
        "Please specify either number of bytes (1 to 1024) or key spec (AES_128 or AES_256).");
  if (auto wrong = check_common(std::nullopt, parameters.encryption_context)) return *std::move(wrong);
  Attested attested = attest(with_plaintext ? parameters.recipient : std::nullopt);
  if (attested.refusal) return *std::move(attested.refusal);
  Found found = find_key(parameters.key_id, Name::kKeyOrAlias, caller);
  if (found.refusal) return *std::move(found.refusal);
  const std::string_view operation = with_plaintext ? "GenerateDataKey" : "GenerateDataKeyWithoutPlaintext";
  const attest::Document* const document = attested.document ? &*attested.document : nullptr;
  if (auto refusal =
          refuse({operation, &parameters.encryption_context, document}, *found.key, caller, parameters))
    return *std::move(refusal);
  const Bytes plaintext = random_bytes(*size);
  const auto sealed = seal(*found.key, parameters.encryption_context, plaintext);
  if (!sealed.ok()) return internal_error();
  JsonObject out;
  out.text("CiphertextBlob", base::base64_encode(*sealed)).text("KeyId", key_arn(found.key->id));
  if (with_plaintext)
    if (auto failed = add_plaintext(attested.document, plaintext, out)) return *std::move(failed);
  return succeed(out);
}

Answer Kms::generate_data_key(const KmsParameters& parameters, const Caller& caller) {
  return data_key(parameters, caller, true);
}

Answer Kms::generate_data_key_without_plaintext(const KmsParameters& parameters, const Caller& caller) {
  return data_key(parameters, caller, false);
}

Answer Kms::generate_random(const KmsParameters& parameters, const Caller& caller) {
  const std::int64_t bytes = parameters.number_of_bytes.value_or(0);
  if (bytes < 1 || bytes > kRandomBytes) return validation_error("NumberOfBytes must be between 1 and 1024.");
  Attested attested = attest(parameters.recipient);
  if (attested.refusal) return *std::move(attested.refusal);
  if (auto refusal = refuse_foreign("GenerateRandom", caller)) return *std::move(refusal);
  JsonObject out;
  if (auto failed = add_plaintext(attested.document, random_bytes(static_cast<std::size_t>(bytes)), out))
    return *std::move(failed);
  return succeed(out);
}

}  // namespace nes::aws_emulator

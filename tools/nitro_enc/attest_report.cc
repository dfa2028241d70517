#include "tools/nitro_enc/attest_report.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {
namespace {

void write_bytes(JsonWriter& json, std::string_view name, const std::optional<Bytes>& bytes) {
  json.key(name);
  bytes ? json.string(base::hex_encode(*bytes)) : json.null();
}

void write_document(JsonWriter& json, const attest::Document& document) {
  json.begin_object().key("module_id").string(document.module_id);
  json.key("timestamp").string(base::format_rfc3339(document.timestamp_unix_ms));
  json.key("digest").string("SHA384").key("algorithm");
  json.string(document.algorithm == attest::Algorithm::kEs384 ? "ES384" : "none");
  json.key("pcrs").begin_object();
  for (const auto& [index, value] : document.pcrs)
    json.key(std::to_string(index)).string(base::hex_encode(value));
  json.end();
  json.key("certificate").string(base::base64_encode(document.certificate));
  json.key("cabundle").begin_array();
  for (const Bytes& certificate : document.cabundle) json.string(base::base64_encode(certificate));
  json.end();
  write_bytes(json, "public_key", document.public_key);
  write_bytes(json, "user_data", document.user_data);
  write_bytes(json, "nonce", document.nonce);
  json.end();
}

}  // namespace

void require_no_public_key(attest::Verified& verified) {
  if (verified.failure || !verified.document || !verified.document->public_key) return;
  verified.failure = attest::Failure{attest::Step::kPublicKey,
                                     {ErrorCode::kNotAllowed, "it carries a key, where there must be none"}};
}

std::string report(const Attestation& attestation) {
  const auto& [verified, expected, root, at_unix_ms] = attestation;
  JsonWriter json;
  json.begin_object().key("verified").boolean(!verified.failure);
  json.key("failed_step");
  verified.failure ? json.string(attest::step_name(verified.failure->step)) : json.null();
  json.key("reason");
  verified.failure ? json.string(verified.failure->error.reason.view()) : json.null();
  json.key("compared").begin_array();
  for (const auto& [index, value] : expected.pcrs) json.string("PCR" + std::to_string(index));
  json.end();
  json.key("fresh").boolean(!verified.failure && expected.nonce.has_value());
  json.key("bound_to_tls_key").boolean(!verified.failure && expected.user_data.has_value());
  json.key("root").string(root).key("at").string(base::format_rfc3339(at_unix_ms));
  json.key("document");
  if (verified.document)
    write_document(json, *verified.document);
  else
    json.null();
  json.end();
  return std::move(json).finish();
}

}  // namespace nes::nitro_enc

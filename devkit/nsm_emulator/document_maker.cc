#include "devkit/nsm_emulator/document_maker.h"

#include <utility>

namespace nes::nsm_emulator {
namespace {

constexpr std::size_t kMaxPublicKeyBytes = 1024, kMaxUserBytes = 512;
constexpr std::size_t kSignatureBytes = 96;
constexpr std::int64_t kEs384 = -35, kNoAlgorithm = -1;

Bytes protected_header(std::int64_t algorithm) {
  return cbor::Writer().map(1).integer(1).integer(algorithm).result();
}

void optional_bytes(cbor::Writer& writer, const char* name, const std::optional<Bytes>& bytes) {
  writer.text(name);
  if (bytes)
    writer.bytes(*bytes);
  else
    writer.null();
}

bool is_within(const std::optional<Bytes>& bytes, std::size_t max) { return !bytes || bytes->size() <= max; }

Bytes sign1(ByteView header, ByteView payload, ByteView signature) {
  return cbor::Writer().array(4).bytes(header).map(0).bytes(payload).bytes(signature).result();
}

}  // namespace

Result<Bytes> make_payload(const Chain& chain, const Pcrs& pcrs, const attest::DocumentRequest& request,
                           std::int64_t unix_ms) {
  if (!is_within(request.public_key, kMaxPublicKeyBytes) || !is_within(request.user_data, kMaxUserBytes) ||
      !is_within(request.nonce, kMaxUserBytes))
    return Error{ErrorCode::kLimit, "a field is larger than the NSM takes"};
  cbor::Writer writer;
  writer.map(9).text("module_id").text("i-00000000000000000-enc0000000000000000");
  writer.text("digest").text("SHA384").text("timestamp").integer(unix_ms);
  writer.text("pcrs").map(pcrs.size());
  for (const auto& [index, value] : pcrs) writer.integer(index).bytes(value);
  writer.text("certificate").bytes(chain.leaf());
  const std::vector<Bytes> bundle = chain.cabundle();
  writer.text("cabundle").array(bundle.size());
  for (const Bytes& certificate : bundle) writer.bytes(certificate);
  optional_bytes(writer, "public_key", request.public_key);
  optional_bytes(writer, "user_data", request.user_data);
  optional_bytes(writer, "nonce", request.nonce);
  return std::move(writer).result();
}

Result<Bytes> sign_payload(const Chain& chain, ByteView payload) {
  const Bytes header = protected_header(kEs384);
  const Bytes to_sign =
      cbor::Writer().array(4).text("Signature1").bytes(header).bytes({}).bytes(payload).result();
  NES_TRY_ASSIGN(const Bytes signature, chain.sign(to_sign));
  return sign1(header, payload, signature);
}

Result<Bytes> make_document(const Chain& chain, const Pcrs& pcrs, const attest::DocumentRequest& request,
                            std::int64_t unix_ms) {
  NES_TRY_ASSIGN(const Bytes payload, make_payload(chain, pcrs, request, unix_ms));
  return sign_payload(chain, payload);
}

Bytes make_unsigned_document(ByteView payload) {
  return sign1(protected_header(kNoAlgorithm), payload, Bytes(kSignatureBytes));
}

}  // namespace nes::nsm_emulator

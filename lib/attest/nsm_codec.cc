#include "attest/nsm_codec.h"

#include <algorithm>
#include <string_view>

#include "base/limits.h"
#include "cbor/reader.h"
#include "cbor/writer.h"

namespace nes::attest {
namespace {

constexpr std::size_t kMaxRandomBytes = 256;

void optional_bytes(cbor::Writer& writer, std::string_view name, const std::optional<Bytes>& bytes) {
  writer.text(name);
  if (bytes)
    writer.bytes(*bytes);
  else
    writer.null();
}

// The names that the NSM gives its errors, as far as it may answer with them here.
Error nsm_error(std::string_view name) {
  if (name == "InvalidArgument") return {ErrorCode::kIo, "the NSM says InvalidArgument"};
  if (name == "InvalidIndex") return {ErrorCode::kIo, "the NSM says InvalidIndex"};
  if (name == "InvalidResponse") return {ErrorCode::kIo, "the NSM says InvalidResponse"};
  if (name == "ReadOnlyIndex") return {ErrorCode::kIo, "the NSM says ReadOnlyIndex"};
  if (name == "InvalidOperation") return {ErrorCode::kIo, "the NSM says InvalidOperation"};
  if (name == "BufferTooSmall") return {ErrorCode::kIo, "the NSM says BufferTooSmall"};
  if (name == "InputTooLarge") return {ErrorCode::kIo, "the NSM says InputTooLarge"};
  if (name == "InternalError") return {ErrorCode::kIo, "the NSM says InternalError"};
  return {ErrorCode::kMalformed, "the NSM answers with an unknown error"};
}

// Stands the reader before the value of {"<operation>": value}.
Result<void> enter(cbor::Reader& reader, std::string_view operation) {
  NES_TRY_ASSIGN(const std::size_t members, reader.map());
  if (members != 1) return Error{ErrorCode::kMalformed, "the NSM's answer is not one member"};
  NES_TRY_ASSIGN(const std::string_view name, reader.text());
  if (name == "Error") {
    NES_TRY_ASSIGN(const std::string_view error, reader.text());
    return nsm_error(error);
  }
  if (name != operation) return Error{ErrorCode::kMalformed, "the NSM answers another request"};
  return {};
}

// The byte string of {"<operation>": {"<field>": bytes}}.
Result<Bytes> only_field(ByteView response, std::string_view operation, std::string_view field) {
  cbor::Reader reader(response);
  NES_TRY(enter(reader, operation));
  NES_TRY_ASSIGN(const std::size_t members, reader.map());
  if (members != 1) return Error{ErrorCode::kMalformed, "the NSM's answer has other fields"};
  NES_TRY_ASSIGN(const std::string_view name, reader.text());
  if (name != field) return Error{ErrorCode::kMalformed, "the NSM's answer has another field"};
  NES_TRY_ASSIGN(const ByteView bytes, reader.bytes());
  NES_TRY(reader.expect_end());
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

Result<Bytes> encode_attestation_request(const DocumentRequest& request) {
  cbor::Writer writer;
  writer.map(1).text("Attestation").map(3);
  optional_bytes(writer, "user_data", request.user_data);
  optional_bytes(writer, "nonce", request.nonce);
  optional_bytes(writer, "public_key", request.public_key);
  if (writer.result().size() > limits::kNsmRequestBytes)
    return Error{ErrorCode::kLimit, "more than the NSM takes"};
  return std::move(writer).result();
}

Bytes encode_describe_pcr_request(std::uint16_t index) {
  return cbor::Writer().map(1).text("DescribePCR").map(1).text("index").integer(index).result();
}

Bytes encode_get_random_request() { return cbor::Writer().text("GetRandom").result(); }

Result<Bytes> decode_attestation_response(ByteView response) {
  NES_TRY_ASSIGN(Bytes document, only_field(response, "Attestation", "document"));
  if (document.empty()) return Error{ErrorCode::kMalformed, "the NSM's document is empty"};
  return document;
}

Result<Pcr> decode_describe_pcr_response(ByteView response) {
  cbor::Reader reader(response);
  NES_TRY(enter(reader, "DescribePCR"));
  NES_TRY_ASSIGN(const std::size_t members, reader.map());
  if (members != 2) return Error{ErrorCode::kMalformed, "the NSM's PCR is not a lock and data"};
  Pcr pcr{};
  bool has_lock = false, has_data = false;
  for (std::size_t i = 0; i < members; ++i) {
    NES_TRY_ASSIGN(const std::string_view name, reader.text());
    if (name == "lock" && !has_lock) {
      NES_TRY(reader.boolean());
      has_lock = true;
    } else if (name == "data" && !has_data) {
      NES_TRY_ASSIGN(const ByteView data, reader.bytes());
      if (data.size() != pcr.size()) return Error{ErrorCode::kMalformed, "the NSM's PCR is not 48 bytes"};
      std::ranges::copy(data, pcr.begin());
      has_data = true;
    } else {
      return Error{ErrorCode::kMalformed, "the NSM's PCR has another field"};
    }
  }
  NES_TRY(reader.expect_end());
  return pcr;
}

Result<Bytes> decode_get_random_response(ByteView response) {
  NES_TRY_ASSIGN(Bytes random, only_field(response, "GetRandom", "random"));
  if (random.empty() || random.size() > kMaxRandomBytes)
    return Error{ErrorCode::kMalformed, "the NSM gives no random bytes, or too many"};
  return random;
}

}  // namespace nes::attest

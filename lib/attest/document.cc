#include "attest/document.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "cbor/reader.h"

namespace nes::attest {
namespace {

constexpr std::uint64_t kCoseSign1Tag = 18;  // RFC 9052 section 4.2
constexpr std::int64_t kAlgorithmLabel = 1;  // RFC 9052 section 3.1
constexpr std::size_t kSignatureBytes = 96;
constexpr std::size_t kQemuSignatureBytes = 64;  // hw/virtio/virtio-nsm.c: zeros, for want of a key
constexpr std::size_t kMaxPcrs = 32;
constexpr std::size_t kMaxModuleIdBytes = 512;
constexpr std::size_t kMaxCertificateBytes = 1024;
constexpr std::size_t kMaxPublicKeyBytes = 1024;
constexpr std::size_t kMaxUserBytes = 512;  // user_data and nonce

Error malformed(base::StaticText reason, const cbor::Reader& reader) noexcept {
  return {ErrorCode::kMalformed, reason, reader.offset()};
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// A byte string of `min` to `max` bytes.
Result<Bytes> bounded(cbor::Reader& reader, std::size_t min, std::size_t max) {
  NES_TRY_ASSIGN(const ByteView bytes, reader.bytes());
  if (bytes.size() < min || bytes.size() > max) return malformed("a field is too short or too long", reader);
  return copy(bytes);
}

Result<std::optional<Bytes>> optional_bounded(cbor::Reader& reader, std::size_t min, std::size_t max) {
  if (reader.next_is_null()) {
    NES_TRY(reader.null());
    return std::optional<Bytes>();
  }
  NES_TRY_ASSIGN(Bytes bytes, bounded(reader, min, max));
  return std::optional<Bytes>(std::move(bytes));
}

Result<void> read_pcrs(cbor::Reader& reader, std::map<std::uint8_t, Pcr>& pcrs) {
  NES_TRY_ASSIGN(const std::size_t count, reader.map());
  if (count == 0 || count > kMaxPcrs) return malformed("there are no PCRs, or too many", reader);
  for (std::size_t i = 0; i < count; ++i) {
    NES_TRY_ASSIGN(const std::uint64_t index, reader.unsigned_integer());
    if (index >= kMaxPcrs) return malformed("a PCR's index is out of range", reader);
    NES_TRY_ASSIGN(const ByteView value, reader.bytes());
    Pcr pcr{};
    if (value.size() != pcr.size()) return malformed("a PCR is not 48 bytes", reader);
    std::ranges::copy(value, pcr.begin());
    if (!pcrs.emplace(static_cast<std::uint8_t>(index), pcr).second)
      return malformed("a PCR is there twice", reader);
  }
  return {};
}

Result<void> read_cabundle(cbor::Reader& reader, std::vector<Bytes>& cabundle) {
  NES_TRY_ASSIGN(const std::size_t count, reader.array());
  if (count == 0 || count > limits::kAttestationCertificates)
    return malformed("there are no certificates, or too many", reader);
  for (std::size_t i = 0; i < count; ++i) {
    NES_TRY_ASSIGN(Bytes certificate, bounded(reader, 1, kMaxCertificateBytes));
    cabundle.push_back(std::move(certificate));
  }
  return {};
}

Result<void> read_digest(cbor::Reader& reader) {
  NES_TRY_ASSIGN(const std::string_view digest, reader.text());
  if (digest != "SHA384") return malformed("the digest is not SHA384", reader);
  return {};
}

Result<void> read_module_id(cbor::Reader& reader, std::string& module_id) {
  NES_TRY_ASSIGN(const std::string_view text, reader.text());
  if (text.empty() || text.size() > kMaxModuleIdBytes)
    return malformed("module_id is empty or too long", reader);
  module_id = text;
  return {};
}

Result<void> read_timestamp(cbor::Reader& reader, std::int64_t& unix_ms) {
  NES_TRY_ASSIGN(unix_ms, reader.integer());
  if (unix_ms <= 0) return malformed("the timestamp is not positive", reader);
  return {};
}

constexpr std::array<std::string_view, 9> kFields = {"module_id",  "timestamp",   "digest",
                                                     "pcrs",       "certificate", "cabundle",
                                                     "public_key", "user_data",   "nonce"};
constexpr std::size_t kRequiredFields = 6;  // the first of them

Result<void> read_field(cbor::Reader& reader, std::size_t field, Document& document) {
  switch (field) {
    case 0: return read_module_id(reader, document.module_id);
    case 1: return read_timestamp(reader, document.timestamp_unix_ms);
    case 2: return read_digest(reader);
    case 3: return read_pcrs(reader, document.pcrs);
    case 4: {
      NES_TRY_ASSIGN(document.certificate, bounded(reader, 1, kMaxCertificateBytes));
      return {};
    }
    case 5: return read_cabundle(reader, document.cabundle);
    case 6: {
      NES_TRY_ASSIGN(document.public_key, optional_bounded(reader, 1, kMaxPublicKeyBytes));
      return {};
    }
    case 7: {
      NES_TRY_ASSIGN(document.user_data, optional_bounded(reader, 0, kMaxUserBytes));
      return {};
    }
    default: {
      NES_TRY_ASSIGN(document.nonce, optional_bounded(reader, 0, kMaxUserBytes));
      return {};
    }
  }
}

Result<void> read_payload(Document& document) {
  cbor::Reader reader(document.payload);
  NES_TRY_ASSIGN(const std::size_t count, reader.map());
  std::array<bool, kFields.size()> seen{};
  for (std::size_t i = 0; i < count; ++i) {
    NES_TRY_ASSIGN(const std::string_view key, reader.text());
    const auto field = static_cast<std::size_t>(std::ranges::find(kFields, key) - kFields.begin());
    if (field == kFields.size()) return malformed("a field is unknown", reader);
    if (std::exchange(seen[field], true)) return malformed("a field is there twice", reader);
    NES_TRY(read_field(reader, field, document));
  }
  if (!std::all_of(seen.begin(), seen.begin() + kRequiredFields, [](bool is) { return is; }))
    return malformed("a field is missing", reader);
  return reader.expect_end();
}

Result<void> read_protected_header(Document& document) {
  cbor::Reader reader(document.protected_header);
  NES_TRY_ASSIGN(const std::size_t count, reader.map());
  if (count != 1) return malformed("the protected header is not the algorithm alone", reader);
  NES_TRY_ASSIGN(const std::int64_t label, reader.integer());
  if (label != kAlgorithmLabel) return malformed("the protected header is not the algorithm alone", reader);
  NES_TRY_ASSIGN(const std::int64_t algorithm, reader.integer());
  if (algorithm == static_cast<std::int64_t>(Algorithm::kEs384))
    document.algorithm = Algorithm::kEs384;
  else if (algorithm == static_cast<std::int64_t>(Algorithm::kNone))
    document.algorithm = Algorithm::kNone;
  else
    return malformed("the algorithm is not ES384", reader);
  return reader.expect_end();
}

}  // namespace

Result<Document> parse_document(ByteView bytes) {
  if (bytes.size() > limits::kAttestationDocumentBytes)
    return Error{ErrorCode::kLimit, "the document is too large", bytes.size()};
  cbor::Reader reader(bytes);
  NES_TRY_ASSIGN(const cbor::Type first, reader.peek());
  if (first == cbor::Type::kTag) {
    NES_TRY_ASSIGN(const std::uint64_t tag, reader.tag());
    if (tag != kCoseSign1Tag) return malformed("the tag is not COSE_Sign1's", reader);
  }
  NES_TRY_ASSIGN(const std::size_t elements, reader.array());
  if (elements != 4) return malformed("not a COSE_Sign1 of four elements", reader);
  Document document;
  NES_TRY_ASSIGN(document.protected_header, bounded(reader, 1, limits::kAttestationDocumentBytes));
  NES_TRY_ASSIGN(const std::size_t unprotected, reader.map());
  if (unprotected != 0) return malformed("the unprotected header is not empty", reader);
  NES_TRY_ASSIGN(document.payload, bounded(reader, 1, limits::kAttestationDocumentBytes));
  NES_TRY_ASSIGN(document.signature, bounded(reader, kQemuSignatureBytes, kSignatureBytes));
  NES_TRY(reader.expect_end());
  NES_TRY(read_protected_header(document));
  const bool is_qemus =
      document.algorithm == Algorithm::kNone && document.signature.size() == kQemuSignatureBytes;
  if (document.signature.size() != kSignatureBytes && !is_qemus)
    return malformed("the signature is too short or too long", reader);
  NES_TRY(read_payload(document));
  return document;
}

}  // namespace nes::attest

#include "eif/cose_section.h"

#include <string_view>

#include "cbor/reader.h"
#include "cbor/writer.h"

namespace nes::eif {
namespace {

constexpr std::size_t kSectionBytes = 32'768;
constexpr std::int64_t kAlgorithmLabel = 1;  // RFC 9052 section 3.1
constexpr std::string_view kCertificate = "signing_certificate";
constexpr std::string_view kSignature = "signature";

Error malformed(base::StaticText reason, const cbor::Reader& reader) noexcept {
  return {ErrorCode::kMalformed, reason, reader.offset()};
}

// AWS's writer has byte strings as arrays of integers.
void write_integers(cbor::Writer& writer, ByteView bytes) {
  writer.array(bytes.size());
  for (const std::uint8_t byte : bytes) writer.integer(byte);
}

Result<Bytes> read_integers(cbor::Reader& reader) {
  NES_TRY_ASSIGN(const std::size_t count, reader.array());
  Bytes bytes;
  bytes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    NES_TRY_ASSIGN(const std::uint64_t value, reader.unsigned_integer());
    if (value > 0xFF) return malformed("an integer of the signature section is no byte", reader);
    bytes.push_back(static_cast<std::uint8_t>(value));
  }
  return bytes;
}

Result<void> expect_key(cbor::Reader& reader, std::string_view key) {
  NES_TRY_ASSIGN(const std::string_view text, reader.text());
  if (text != key) return malformed("a key of the signature section is another", reader);
  return {};
}

Result<Algorithm> read_algorithm(ByteView header) {
  cbor::Reader reader(header);
  NES_TRY_ASSIGN(const std::size_t count, reader.map());
  if (count != 1) return malformed("the protected header is not the algorithm alone", reader);
  NES_TRY_ASSIGN(const std::int64_t label, reader.integer());
  if (label != kAlgorithmLabel) return malformed("the protected header is not the algorithm alone", reader);
  NES_TRY_ASSIGN(const std::int64_t number, reader.integer());
  NES_TRY(reader.expect_end());
  for (const Algorithm known : {Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512})
    if (number == static_cast<std::int64_t>(known)) return known;
  return malformed("the algorithm is not ES256, ES384 or ES512", reader);
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Result<void> read_sign1(ByteView bytes, SignatureSection& section) {
  cbor::Reader reader(bytes);
  NES_TRY_ASSIGN(const std::size_t elements, reader.array());
  if (elements != 4) return malformed("not a COSE_Sign1 of four elements", reader);
  NES_TRY_ASSIGN(const ByteView header, reader.bytes());
  NES_TRY_ASSIGN(const std::size_t unprotected, reader.map());
  if (unprotected != 0) return malformed("the unprotected header is not empty", reader);
  NES_TRY_ASSIGN(const ByteView payload, reader.bytes());
  NES_TRY_ASSIGN(const ByteView signature, reader.bytes());
  NES_TRY(reader.expect_end());
  section.protected_header = copy(header);
  section.payload = copy(payload);
  section.signature = copy(signature);
  NES_TRY_ASSIGN(section.algorithm, read_algorithm(section.protected_header));
  return {};
}

}  // namespace

Bytes protected_header_of(Algorithm algorithm) {
  return cbor::Writer()
      .map(1)
      .integer(kAlgorithmLabel)
      .integer(static_cast<std::int64_t>(algorithm))
      .result();
}

Bytes payload_of(const crypto::Sha384Digest& pcr0) {
  cbor::Writer writer;
  writer.map(2).text("register_index").integer(0).text("register_value");
  write_integers(writer, pcr0);
  return std::move(writer).result();
}

Bytes signed_bytes(const SignatureSection& section) {
  return cbor::Writer()
      .array(4)
      .text("Signature1")
      .bytes(section.protected_header)
      .bytes({})
      .bytes(section.payload)
      .result();
}

Result<Bytes> write_section(const SignatureSection& section) {
  const Bytes sign1 = cbor::Writer()
                          .array(4)
                          .bytes(section.protected_header)
                          .map(0)
                          .bytes(section.payload)
                          .bytes(section.signature)
                          .result();
  cbor::Writer writer;
  writer.array(1).map(2).text(kCertificate);
  write_integers(writer, section.certificate_pem);
  writer.text(kSignature);
  write_integers(writer, sign1);
  if (writer.result().size() > kSectionBytes)
    return Error{ErrorCode::kLimit, "the certificate is too large for an image"};
  return std::move(writer).result();
}

Result<SignatureSection> read_section(ByteView bytes) {
  cbor::Reader reader(bytes);
  NES_TRY_ASSIGN(const std::size_t signatures, reader.array());
  if (signatures != 1) return malformed("there is not exactly one signature", reader);
  NES_TRY_ASSIGN(const std::size_t members, reader.map());
  if (members != 2) return malformed("not a certificate and its signature", reader);
  SignatureSection section{};
  NES_TRY(expect_key(reader, kCertificate));
  NES_TRY_ASSIGN(section.certificate_pem, read_integers(reader));
  NES_TRY(expect_key(reader, kSignature));
  NES_TRY_ASSIGN(const Bytes sign1, read_integers(reader));
  NES_TRY(reader.expect_end());
  NES_TRY(read_sign1(sign1, section));
  return section;
}

}  // namespace nes::eif

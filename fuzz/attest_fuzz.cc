// Attestation documents from anywhere: whatever parses is within its bounds, says the same when it is parsed
// again, and is believed only if AWS or nobody has signed it.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "attest/verify.h"
#include "base/check.h"
#include "base/limits.h"
#include "cbor/reader.h"
#include "cbor/writer.h"

namespace {

using nes::Bytes;
using nes::ByteView;

// Reads items as they come and writes them again: the reader takes only what the writer makes.
void rewrite_items(ByteView bytes) {
  nes::cbor::Reader reader(bytes);
  nes::cbor::Writer writer;
  for (;;) {
    const auto type = reader.peek();
    if (!type.ok()) break;
    const std::size_t before = reader.offset();
    bool ok = false;
    switch (*type) {
      case nes::cbor::Type::kUnsigned:
      case nes::cbor::Type::kNegative: {
        const auto value = reader.integer();
        if ((ok = value.ok())) writer.integer(*value);
        break;
      }
      case nes::cbor::Type::kBytes: {
        const auto value = reader.bytes();
        if ((ok = value.ok())) writer.bytes(*value);
        break;
      }
      case nes::cbor::Type::kText: {
        const auto value = reader.text();
        if ((ok = value.ok())) writer.text(*value);
        break;
      }
      case nes::cbor::Type::kArray: {
        const auto value = reader.array();
        if ((ok = value.ok())) writer.array(*value);
        break;
      }
      case nes::cbor::Type::kMap: {
        const auto value = reader.map();
        if ((ok = value.ok())) writer.map(*value);
        break;
      }
      case nes::cbor::Type::kTag: {
        const auto value = reader.tag();
        if ((ok = value.ok())) writer.tag(*value);
        break;
      }
      case nes::cbor::Type::kSimple:
        if (reader.next_is_null()) {
          NES_CHECK(reader.null().ok());
          writer.null();
          ok = true;
        } else {
          const auto value = reader.boolean();
          if ((ok = value.ok())) writer.boolean(*value);
        }
        break;
    }
    if (!ok) {
      NES_CHECK(reader.offset() == before);
      break;
    }
    NES_CHECK(reader.offset() > before);
  }
  const Bytes& written = writer.result();
  NES_CHECK(written.size() == reader.offset());
  NES_CHECK(std::equal(written.begin(), written.end(), bytes.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  rewrite_items(bytes);
  const auto document = nes::attest::parse_document(bytes);
  if (!document.ok()) return 0;
  NES_CHECK(size <= nes::limits::kAttestationDocumentBytes);
  NES_CHECK(!document->pcrs.empty() && document->pcrs.size() <= 32 && document->pcrs.rbegin()->first < 32);
  NES_CHECK(!document->cabundle.empty() && document->signature.size() == 96 &&
            document->timestamp_unix_ms > 0);
  NES_CHECK(!document->nonce || document->nonce->size() <= 512);
  // In the genuine document's hours: no mutation of it may pass, and the root takes nothing unsigned.
  constexpr std::int64_t kItsTimeUnixMs = 1'695'049'410'860;
  const auto failure = nes::attest::verify(*document, nes::attest::TrustRoot::aws_nitro(),
                                           {.allow_debug = true}, kItsTimeUnixMs);
  if (!failure) NES_CHECK(document->module_id == "i-0918f6c55e3b61d89-enc018aa8b8e2285d13");
  if (document->algorithm == nes::attest::Algorithm::kNone) NES_CHECK(failure.has_value());
  return 0;
}

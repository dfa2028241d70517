// Attestation documents: COSE_Sign1 (RFC 9052 section 4.2) around a map of CBOR, as the Nitro Enclaves
// attestation process specifies them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

enum class Algorithm : std::int8_t { kNone = -1, kEs384 = -35 };

// A document whose syntax is right and of which nothing else is known: verify() says whether to believe it.
// Owns its bytes.
struct Document {
  Algorithm algorithm = Algorithm::kEs384;
  std::string module_id;
  std::int64_t timestamp_unix_ms = 0;
  std::map<std::uint8_t, Pcr> pcrs;  // at least one; index 0 to 31
  Bytes certificate;                 // DER
  std::vector<Bytes> cabundle;       // DER, root first
  std::optional<Bytes> public_key;
  std::optional<Bytes> user_data;
  std::optional<Bytes> nonce;

  // As received, for the signature.
  Bytes protected_header;
  Bytes payload;
  Bytes signature;  // r || s, 96 bytes; of an unsigned document 96 or 64
};

// Strict: tag 18 or none; array(4); definite lengths in shortest form; every field of its type and within its
// bounds (AWS: module_id not empty; pcrs 1 to 32 of them, of 48 bytes; cabundle not empty, certificates 1 to
// 1024 bytes; public_key 1 to 1024, user_data and nonce up to 512 bytes); no unknown, repeated or missing
// key; nothing behind it. kMalformed or kTruncated with the offset as position; kLimit over
// limits::kAttestationDocumentBytes.
Result<Document> parse_document(ByteView bytes);

}  // namespace nes::attest

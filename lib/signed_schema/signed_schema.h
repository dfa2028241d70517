// Signatures of schemas (CONTRACTS section 3, signed mode). An object `<key>.sig` beside a schema holds
// {"version": integer, "signature": base64}: Ed25519 (RFC 8032) over
//   "nes-schema-v1" || 0x00 || u32be len(name) || name || u64be version || SHA-256(bytes)
//
// Thread rule: functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace nes::signed_schema {

inline constexpr std::uint64_t kMaxVersion = std::uint64_t{1} << 53;  // one more than the largest

struct Signature {
  std::uint64_t version = 0;  // 1 to 2^53 - 1
  crypto::Ed25519Signature bytes{};
};

// The text of a `.sig` object. kMalformed if it is anything else: another, repeated or missing member, a
// version that is no plain integer in range, base64 that is not 64 bytes in standard spelling.
Result<Signature> parse(std::string_view text);
// The inverse, with a line end.
std::string format(const Signature& signature);

// `name`: the schema's, as the header has it, without a fragment; `text`: the schema's bytes. kMalformed if
// the name is empty or longer than limits::kSchemaNameBytes, or the version out of range; kCrypto.
Result<Signature> sign(const crypto::Ed25519PrivateKey& key, std::string_view name, std::uint64_t version,
                       std::string_view text);

// kNotAllowed if the signature is not that of this name, version and text under `key`; else as sign().
Result<void> verify(const crypto::Ed25519PublicKey& key, const Signature& signature, std::string_view name,
                    std::string_view text);

}  // namespace nes::signed_schema

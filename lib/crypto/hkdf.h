// HKDF-SHA256 (RFC 5869): extract and expand in one step. Any thread.
#pragma once

#include "base/result.h"
#include "secret/secret.h"

namespace nes::crypto {

// RFC 5869 section 2.3: at most 255 hashes.
inline constexpr std::size_t kHkdfSha256MaxOutput = std::size_t{255} * 32;

// Derives out.size() bytes from `secret`, which is not empty. An empty `salt` stands for 32 zeros (RFC 5869
// section 2.2); `info` keeps uses of one secret apart. kLimit if `out` is longer than kHkdfSha256MaxOutput,
// kMalformed if `secret` or `out` is empty, kCrypto if the library fails; `out` is then wiped.
Result<void> hkdf_sha256(const secret::SecretBytes& secret, ByteView salt, ByteView info, ByteSpan out);

}  // namespace nes::crypto

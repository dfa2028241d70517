// SHA-384 (FIPS 180-4). Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::crypto {

using Sha384Digest = std::array<std::uint8_t, 48>;

// The digest of the concatenation of `parts`; where they meet is not part of it. kCrypto if the library
// fails.
Result<Sha384Digest> sha384(std::span<const ByteView> parts);

}  // namespace nes::crypto

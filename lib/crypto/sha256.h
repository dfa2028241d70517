// SHA-256 (FIPS 180-4). Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

// The digest of the concatenation of `parts`; where they meet is not part of it. kCrypto if the library
// fails.
Result<Sha256Digest> sha256(std::initializer_list<ByteView> parts);

}  // namespace nes::crypto

// SHA-384 (FIPS 180-4) of the concatenation of parts. kCrypto if OpenSSL fails.
#pragma once

#include <initializer_list>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::nsm_emulator {

Result<attest::Pcr> sha384(std::initializer_list<ByteView> parts);

}  // namespace nes::nsm_emulator

// The bytes of a signature section and of what is signed in it, without any cryptography. Any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha384.h"

namespace nes::eif {

enum class Algorithm : std::int64_t { kEs256 = -7, kEs384 = -35, kEs512 = -36 };  // RFC 9053 section 2.1

struct SignatureSection {
  Bytes certificate_pem;
  Algorithm algorithm;
  Bytes protected_header;
  Bytes payload;
  Bytes signature;  // r || s
};

Bytes protected_header_of(Algorithm algorithm);
// {"register_index": 0, "register_value": PCR0}
Bytes payload_of(const crypto::Sha384Digest& pcr0);
// RFC 9052 section 4.4: what is signed.
Bytes signed_bytes(const SignatureSection& section);

// kLimit if it would be too large for an image.
Result<Bytes> write_section(const SignatureSection& section);
// Exactly one certificate with its signature. kTruncated, kMalformed.
Result<SignatureSection> read_section(ByteView bytes);

}  // namespace nes::eif

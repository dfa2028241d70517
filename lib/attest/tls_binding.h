// What ties a TLS key to a document (CONTRACTS section 7).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

// user_data of documents that vouch for a TLS key: SHA-256("nes-tls-v1" || 0x00 || SubjectPublicKeyInfo DER).
// kCrypto.
Result<Bytes> tls_user_data(ByteView public_key_der);

}  // namespace nes::attest

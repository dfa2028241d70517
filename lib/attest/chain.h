// The certificates of an attestation document, from the root to the key that signed.
#pragma once

#include <cstdint>

#include "attest/document.h"
#include "attest/openssl_objects.h"
#include "attest/trust_root.h"
#include "base/result.h"

namespace nes::attest {

// The document's own certificate, once a chain leads to it: `root`, cabundle[1..], certificate (cabundle[0]
// is what the sender says the root is, and ignored). Each is a P-384 certificate, valid at `unix_ms`, issued
// by the one before it (name, ECDSA with SHA-384), which is a CA with keyCertSign and within its pathLen; the
// last one may sign and is no CA. kMalformed names the first of these that does not hold.
Result<CertificatePtr> verify_chain(const Document& document, const TrustRoot& root, std::int64_t unix_ms);

// A certificate, whole and nothing else; null if `der` is none.
CertificatePtr parse_certificate(ByteView der);
bool has_p384_key(const x509_st& certificate);

}  // namespace nes::attest

// Attestation documents as the hypervisor makes them; for tests, also ones that it would not make.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/result.h"
#include "cbor/writer.h"
#include "devkit/nsm_emulator/chain.h"

namespace nes::nsm_emulator {

using Pcrs = std::map<std::uint8_t, attest::Pcr>;

// The payload of a document. kLimit if a field of `request` is larger than the NSM takes.
Result<Bytes> make_payload(const Chain& chain, const Pcrs& pcrs, const attest::DocumentRequest& request,
                           std::int64_t unix_ms);

// COSE_Sign1, untagged, with algorithm ES384 (RFC 9052 section 4.2) over `payload`. kCrypto.
Result<Bytes> sign_payload(const Chain& chain, ByteView payload);

// Both. The document of QEMU's virtio-nsm instead, which nobody has signed: algorithm -1, a signature of
// zeros.
Result<Bytes> make_document(const Chain& chain, const Pcrs& pcrs, const attest::DocumentRequest& request,
                            std::int64_t unix_ms);
Bytes make_unsigned_document(ByteView payload);

}  // namespace nes::nsm_emulator

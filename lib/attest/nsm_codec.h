// The messages of the NSM in CBOR, as the driver carries them (aws-nitro-enclaves-nsm-api). Strict: an answer
// has exactly the shape that its request asks for.
#pragma once

#include <cstdint>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

// kLimit if the request has more than limits::kNsmRequestBytes.
Result<Bytes> encode_attestation_request(const DocumentRequest& request);
Bytes encode_describe_pcr_request(std::uint16_t index);
Bytes encode_get_random_request();

// kMalformed or kTruncated for an answer of another shape; kIo if it is the NSM's own error, whose name the
// reason gives.
Result<Bytes> decode_attestation_response(ByteView response);
Result<Pcr> decode_describe_pcr_response(ByteView response);
Result<Bytes> decode_get_random_response(ByteView response);

}  // namespace nes::attest

// Where `nitro-enc attest` gets a document from: a running enclave, or a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "tools/nitro_enc/url.h"

namespace nes::nitro_enc {

struct Fetched {
  Bytes document;
  Bytes public_key_der;          // of the TLS peer that sent it
  std::vector<Bytes> chain_der;  // that it showed
};

// GET /attestation over TLS with whoever answers at `url`: nothing of the result may be believed before the
// document is verified. kIo with the HTTP status as position if it is refused; kMalformed; kTimeout; kLimit.
Result<Fetched> fetch_document(const Url& url, ByteView nonce, const Clock& clock);

// The document in the content of a file: as it is (CBOR begins with a byte above 0x7F), or in base64, in
// which white space is ignored. kMalformed.
Result<Bytes> decode_document(std::string_view content);

}  // namespace nes::nitro_enc

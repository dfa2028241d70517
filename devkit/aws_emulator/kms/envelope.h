// CiphertextForRecipient as KMS makes it: CMS EnvelopedData (RFC 5652 section 6) in BER with indefinite
// lengths.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws_emulator {

// How the encrypted content is written (X.690 section 8.7): in one piece, or in chunks of so many bytes.
struct ContentForm {
  bool primitive = false;
  std::size_t chunk_bytes = 1000;  // at least 1
};

// One recipient by key transport: version 2, a subjectKeyIdentifier of 32 bytes, RSAES-OAEP with SHA-256 in
// both places; AES-256-CBC with a fresh key and IV. kMalformed unless `public_key_der` is the
// SubjectPublicKeyInfo of an RSA key of 2048 bits, which makes the key 256 bytes; kCrypto.
Result<Bytes> make_envelope(ByteView public_key_der, ByteView plaintext, const ContentForm& form);

// Whether make_envelope() would take this key.
bool is_recipient_key(ByteView public_key_der);

}  // namespace nes::aws_emulator

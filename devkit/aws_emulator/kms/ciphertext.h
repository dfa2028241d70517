// CiphertextBlob: version byte, key id (16 bytes), nonce (12), AES-256-GCM-SIV ciphertext with its tag. The
// encryption context is authenticated, not kept.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "devkit/aws_emulator/kms/state.h"

namespace nes::aws_emulator {

// kCrypto.
Result<Bytes> seal(const StoredKey& key, const EncryptionContext& context, ByteView plaintext);

// Under which key `blob` says that it is; nothing if it is no blob.
std::optional<std::string> key_id_of(ByteView blob);

// kMalformed unless `blob` was made by seal() with this key and this context; kCrypto.
Result<Bytes> open(const StoredKey& key, const EncryptionContext& context, ByteView blob);

}  // namespace nes::aws_emulator

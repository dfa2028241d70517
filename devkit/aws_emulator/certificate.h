// The emulator's own certificate authority, kept over restarts, and the certificate of its server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "tls/identity.h"

namespace nes::aws_emulator {

// Reads DIR/ca.pem and DIR/ca-key.pem (mode 0600), or makes both, and issues a certificate for localhost,
// 127.0.0.1, ::1 and the names of the services in `region`, valid for a year around `unix_ms`. kIo;
// kMalformed if the files are not of one P-256 authority; kCrypto.
Result<std::shared_ptr<const tls::Identity>> server_identity(const std::string& directory,
                                                             const std::string& region, std::int64_t unix_ms);

}  // namespace nes::aws_emulator

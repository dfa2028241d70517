// Serves a Module on a Unix socket: each message is its length (u32, big-endian) and CBOR. Any number of
// messages a connection, a thread each.
#pragma once

#include <string>

#include "base/result.h"
#include "devkit/nsm_emulator/module.h"

namespace nes::nsm_emulator {

// Until SIGTERM or SIGINT, which the caller has blocked in all threads; then the socket's file is removed.
// Calls `ready` once it listens. A stale socket is replaced, another file is not. At most
// limits::kEmulatorConnections at a time. kIo with errno as position; kMalformed for a path that is too long.
Result<void> serve(const std::string& path, Module& module, void (*ready)());

}  // namespace nes::nsm_emulator

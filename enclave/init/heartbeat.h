// The sign of life that the parent waits for (AWS's aws-nitro-enclaves-sdk-bootstrap): one byte, sent back.
#pragma once

#include "base/result.h"
#include "os/endpoint.h"

namespace nes::init {

inline const os::Endpoint kParentHeartbeat{
    .transport = os::Transport::kVsock, .host = {}, .cid = 3, .port = 9000};

// Sends the byte and waits for it, `timeout_ms` in all. kTimeout; kIo with errno as position; kTruncated if
// the peer ends without an answer; kMalformed for another one.
Result<void> heartbeat(const os::Endpoint& parent, int timeout_ms);

}  // namespace nes::init

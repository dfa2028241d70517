// One client's connection: requests in HTTP/1.1, one after another.
#pragma once

#include <atomic>
#include <functional>

#include "base/clock.h"
#include "devkit/aws_emulator/request.h"
#include "os/stream.h"

namespace nes::aws_emulator {

using Handler = std::function<Reply(const Request&)>;

// Until the client is done, sends something that is no HTTP (answered 400, 413, 431 or 505 first), idles for
// too long, or `stopping` becomes true. Blocks. The references must outlive the call.
void serve_connection(os::Stream& stream, const Clock& clock, const Handler& handler,
                      const std::atomic<bool>& stopping);

}  // namespace nes::aws_emulator

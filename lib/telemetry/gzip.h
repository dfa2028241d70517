// gzip (RFC 1952), as Content-Encoding and grpc-encoding have it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nes::telemetry {

// kInternal if zlib refuses.
Result<std::string> gzip(std::string_view text);

}  // namespace nes::telemetry

// gzip (RFC 1952): ramdisks may be compressed, and are measured as they are in the file. Any thread.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace nes::eif {

// One member without a time, a name or an operating system: the same bytes from the same release of zlib.
// kLimit over 4 GiB, kIo if zlib fails.
Result<Bytes> gzip(ByteView data);

}  // namespace nes::eif

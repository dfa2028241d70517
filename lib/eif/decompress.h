// Layers as they are stored, plain or compressed by gzip or zstd, unpacked (libarchive). Any thread.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::eif {

// What `stored` unpacks to; itself if it is compressed by neither. kLimit beyond `max_bytes`: no more than
// that is held. kMalformed if it is broken or ends early. Compression within compression is not undone.
Result<Bytes> decompress(Bytes stored, std::size_t max_bytes);

}  // namespace nes::eif

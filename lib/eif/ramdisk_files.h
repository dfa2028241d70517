// What an image's ramdisks hold. Any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "eif/cpio.h"
#include "eif/image.h"

namespace nes::eif {

// The entries of a ramdisk, in its order; each name of a file with several has its content. `unpacked` holds
// what they view. kMalformed, kTruncated and kLimit for what is no cpio archive, compressed by gzip or zstd
// or not at all.
Result<std::vector<CpioEntry>> read_ramdisk(ByteView ramdisk, Bytes& unpacked);

// The regular files of these paths (without a leading slash), as they are once the kernel has unpacked all
// ramdisks one over the other: the last entry of a name counts. A path that is not there, or is no regular
// file, is not in it. Errors as above, of any ramdisk.
using FoundFiles = std::map<std::string, Bytes, std::less<>>;
Result<FoundFiles> find_files(const Image& image, std::span<const std::string_view> paths);

}  // namespace nes::eif

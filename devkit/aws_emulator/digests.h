// The digests that S3 speaks of, as the text that it puts in its headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws_emulator {

// MD5 (RFC 1321): S3's ETags, which are no security. kCrypto.
Result<Bytes> md5(std::string_view data);

// The digest of `data` by one of S3's additional checksums (crc32, crc32c, crc64nvme, sha1, sha256), in the
// base64 that x-amz-checksum-* carries. Nothing for another name; kCrypto.
Result<std::optional<std::string>> checksum(std::string_view algorithm, std::string_view data);

}  // namespace nes::aws_emulator

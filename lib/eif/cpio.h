// Ramdisks: `newc` cpio archives (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). Any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "eif/file_tree.h"

namespace nes::eif {

// The archive of `entries`, in their order. The same entries give the same bytes: times are zero, inodes are
// counted, and names that share a node are hardlinks, of which the first has the content. kLimit if it would
// not fit into an image.
Result<Bytes> write_cpio(const FileTree::Entries& entries);

struct CpioEntry {
  std::string path;  // as it stands
  std::uint32_t inode = 0;
  std::uint32_t mode = 0;  // with the bits of the type
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t links = 0;
  std::uint32_t major = 0;  // of the device that it is
  std::uint32_t minor = 0;
  ByteView data{};
};

// All entries of an archive, or of several, one after the other as the kernel takes them, with zeros in
// between. limits::kEifTreeEntries at most. Errors: kTruncated, kMalformed, kLimit; the position is the
// number of entries before.
Result<std::vector<CpioEntry>> read_cpio(ByteView archive);

}  // namespace nes::eif

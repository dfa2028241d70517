// A strict reader of tar archives as layers of images are stored: ustar, pax and GNU's long names
// (POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format"). Names are bytes. Times, names of owners and
// extended attributes are passed over. Sparse files, and whatever could be read in two ways, are refused. Any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::eif {

struct TarEntry {
  enum class Type : std::uint8_t { kFile, kHardlink, kSymlink, kCharacter, kBlock, kDirectory, kFifo };

  Type type = Type::kFile;
  std::string path;        // as it stands: it may be absolute or have `..`; no NUL, not empty
  std::string link;        // of hardlinks and symlinks; no NUL, not empty
  std::uint32_t mode = 0;  // permissions with set-id and sticky bits, 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t major = 0;  // of devices
  std::uint32_t minor = 0;
  ByteView data{};  // of files; a view into the archive
};

// All entries, in the archive's order; limits::kEifTreeEntries at most. `archive` must outlive them. Errors:
// kTruncated, kMalformed, kLimit; the position is the number of headers before.
Result<std::vector<TarEntry>> read_tar(ByteView archive);

}  // namespace nes::eif

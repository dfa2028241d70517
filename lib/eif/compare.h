// What two images differ in, down to the files of their ramdisks. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eif/image.h"

namespace nes::eif {

struct Difference {
  enum class Kind : std::uint8_t {
    kOnlyInFirst,
    kOnlyInSecond,
    kContent,
    kType,  // a file here, a symlink there
    kMode,
    kOwner,
    kDevice,
    kLinks,    // names of one file
    kPacking,  // of a ramdisk whose files are the same: order, times, compression
  };

  std::string section;  // `kernel`, `cmdline`, `metadata`, `signature`, `ramdisk 0`, ...
  std::string path;     // of a file of a ramdisk, as it stands there; empty if the section itself is meant
  Kind kind = Kind::kContent;
};

// Such as "only in the first"; never null.
const char* kind_name(Difference::Kind kind) noexcept;

// Sections in the order of the file, files in that of their names. None if all sections are the same, byte by
// byte. A ramdisk that is no cpio archive, compressed by gzip or not at all, is compared as bytes.
std::vector<Difference> compare(const Image& first, const Image& second);

}  // namespace nes::eif

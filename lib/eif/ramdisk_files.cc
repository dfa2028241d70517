#include "eif/ramdisk_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>

#include "eif/decompress.h"
#include "eif/file_tree.h"
#include "eif/limits.h"

namespace nes::eif {

Result<std::vector<CpioEntry>> read_ramdisk(ByteView ramdisk, Bytes& unpacked) {
  NES_TRY_ASSIGN(unpacked, decompress({ramdisk.begin(), ramdisk.end()}, limits::kEifTreeBytes));
  NES_TRY_ASSIGN(std::vector<CpioEntry> entries, read_cpio(unpacked));
  const auto is_linked = [](const CpioEntry& entry) { return S_ISREG(entry.mode) && entry.links > 1; };
  std::map<std::uint32_t, ByteView> contents;  // of inodes with several names: one of them has it
  for (const CpioEntry& entry : entries)
    if (is_linked(entry) && !entry.data.empty()) contents[entry.inode] = entry.data;
  for (CpioEntry& entry : entries)
    if (is_linked(entry) && entry.data.empty()) entry.data = contents[entry.inode];
  return entries;
}

Result<FoundFiles> find_files(const Image& image, std::span<const std::string_view> paths) {
  FoundFiles found;
  for (const Section& section : image.sections) {
    if (section.type != SectionType::kRamdisk) continue;
    Bytes unpacked;
    NES_TRY_ASSIGN(const std::vector<CpioEntry> entries, read_ramdisk(section.data, unpacked));
    for (const CpioEntry& entry : entries) {
      const auto path = normalized_path(entry.path);
      if (!path.ok() || std::ranges::find(paths, *path) == paths.end()) continue;
      if (S_ISREG(entry.mode))
        found.insert_or_assign(*path, Bytes(entry.data.begin(), entry.data.end()));
      else
        found.erase(*path);
    }
  }
  return found;
}

}  // namespace nes::eif

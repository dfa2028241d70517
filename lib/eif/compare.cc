#include "eif/compare.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "eif/ramdisk_files.h"

namespace nes::eif {
namespace {

using Kind = Difference::Kind;
using Files = std::map<std::string, CpioEntry, std::less<>>;

// The later of two entries of one name counts, as to the kernel. `unpacked` holds what the files view.
Result<Files> files_of(ByteView ramdisk, Bytes& unpacked) {
  NES_TRY_ASSIGN(std::vector<CpioEntry> entries, read_ramdisk(ramdisk, unpacked));
  Files files;
  for (CpioEntry& entry : entries) {
    std::string path = entry.path;
    files.insert_or_assign(std::move(path), std::move(entry));
  }
  return files;
}

class Comparison {
 public:
  std::vector<Difference> differences;

  void compare_section(const std::string& name, ByteView first, ByteView second, bool is_ramdisk) {
    if (std::ranges::equal(first, second)) return;
    if (first.empty() || second.empty()) {
      differences.push_back({name, "", second.empty() ? Kind::kOnlyInFirst : Kind::kOnlyInSecond});
      return;
    }
    if (!is_ramdisk) {
      differences.push_back({name, "", Kind::kContent});
      return;
    }
    compare_ramdisks(name, first, second);
  }

 private:
  void compare_ramdisks(const std::string& name, ByteView first, ByteView second) {
    Bytes first_bytes;
    Bytes second_bytes;
    const auto first_files = files_of(first, first_bytes);
    const auto second_files = files_of(second, second_bytes);
    if (!first_files.ok() || !second_files.ok()) {
      differences.push_back({name, "", Kind::kContent});
      return;
    }
    const std::size_t before = differences.size();
    compare_files(name, *first_files, *second_files);
    if (differences.size() == before) differences.push_back({name, "", Kind::kPacking});
  }

  // Both are in the order of their names.
  void compare_files(const std::string& name, const Files& first, const Files& second) {
    auto left = first.begin();
    auto right = second.begin();
    while (left != first.end() || right != second.end()) {
      if (right == second.end() || (left != first.end() && left->first < right->first)) {
        differences.push_back({name, left->first, Kind::kOnlyInFirst});
        ++left;
      } else if (left == first.end() || right->first < left->first) {
        differences.push_back({name, right->first, Kind::kOnlyInSecond});
        ++right;
      } else {
        compare_file(name, left->first, left->second, right->second);
        ++left;
        ++right;
      }
    }
  }

  void compare_file(const std::string& name, const std::string& path, const CpioEntry& first,
                    const CpioEntry& second) {
    const auto add = [&](bool differs, Kind kind) {
      if (differs) differences.push_back({name, path, kind});
    };
    const bool is_other_type = (first.mode & S_IFMT) != (second.mode & S_IFMT);
    add(is_other_type, Kind::kType);
    add(!is_other_type && !std::ranges::equal(first.data, second.data), Kind::kContent);
    add((first.mode & ~mode_t{S_IFMT}) != (second.mode & ~mode_t{S_IFMT}), Kind::kMode);
    add(first.uid != second.uid || first.gid != second.gid, Kind::kOwner);
    add(first.major != second.major || first.minor != second.minor, Kind::kDevice);
    add(!is_other_type && S_ISREG(first.mode) && first.links != second.links, Kind::kLinks);
  }
};

std::vector<ByteView> ramdisks_of(const Image& image) {
  std::vector<ByteView> ramdisks;
  for (const Section& section : image.sections)
    if (section.type == SectionType::kRamdisk) ramdisks.push_back(section.data);
  return ramdisks;
}

}  // namespace

const char* kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::kOnlyInFirst: return "only in the first";
    case Kind::kOnlyInSecond: return "only in the second";
    case Kind::kContent: return "content";
    case Kind::kType: return "type";
    case Kind::kMode: return "mode";
    case Kind::kOwner: return "owner";
    case Kind::kDevice: return "device";
    case Kind::kLinks: return "links";
    case Kind::kPacking: return "packing";
  }
  return "unknown";
}

std::vector<Difference> compare(const Image& first, const Image& second) {
  Comparison comparison;
  const auto section = [&](const std::string& name, SectionType type) {
    comparison.compare_section(name, first.find(type), second.find(type), false);
  };
  section("kernel", SectionType::kKernel);
  section("cmdline", SectionType::kCmdline);
  section("metadata", SectionType::kMetadata);
  std::vector<ByteView> left = ramdisks_of(first);
  std::vector<ByteView> right = ramdisks_of(second);
  const std::size_t count = std::max(left.size(), right.size());
  left.resize(count);
  right.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    comparison.compare_section("ramdisk " + std::to_string(i), left[i], right[i], true);
  section("signature", SectionType::kSignature);
  return std::move(comparison.differences);
}

}  // namespace nes::eif

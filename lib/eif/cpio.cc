#include "eif/cpio.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/byte_reader.h"
#include "base/limits.h"
#include "eif/limits.h"

namespace nes::eif {
namespace {

constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kAlignment = 4;

// In the order of the header.
enum Field : std::size_t {
  kInode,
  kMode,
  kUid,
  kGid,
  kLinks,
  kTime,
  kSize,
  kDeviceMajor,
  kDeviceMinor,
  kMajor,
  kMinor,
  kNameSize,
  kCheck,
  kFields,
};
using Fields = std::array<std::uint32_t, kFields>;

std::uint32_t type_bits(FileNode::Type type) noexcept {
  switch (type) {
    case FileNode::Type::kFile: return S_IFREG;
    case FileNode::Type::kDirectory: return S_IFDIR;
    case FileNode::Type::kSymlink: return S_IFLNK;
    case FileNode::Type::kCharacter: return S_IFCHR;
    case FileNode::Type::kBlock: return S_IFBLK;
    case FileNode::Type::kFifo: return S_IFIFO;
  }
  return 0;
}

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void align(Bytes& out) { out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment); }

void append_entry(Bytes& out, Fields fields, std::string_view name, ByteView data) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  fields[kSize] = static_cast<std::uint32_t>(data.size());
  fields[kNameSize] = static_cast<std::uint32_t>(name.size() + 1);
  append(out, as_bytes(kMagic));
  for (const std::uint32_t field : fields)
    for (int shift = 28; shift >= 0; shift -= 4)
      out.push_back(static_cast<std::uint8_t>(kDigits[(field >> shift) & 0xF]));
  append(out, as_bytes(name));
  out.push_back(0);
  align(out);
  append(out, data);
  align(out);
}

std::optional<std::uint32_t> parse_hex(ByteView field) {
  std::uint32_t value = 0;
  for (const std::uint8_t digit : field) {
    std::uint32_t nibble = 0;
    if (digit >= '0' && digit <= '9')
      nibble = digit - std::uint32_t{'0'};
    else if (digit >= 'A' && digit <= 'F')
      nibble = digit - std::uint32_t{'A'} + 10;
    else if (digit >= 'a' && digit <= 'f')
      nibble = digit - std::uint32_t{'a'} + 10;
    else
      return std::nullopt;
    value = value << 4 | nibble;
  }
  return value;
}

Result<Fields> read_fields(base::ByteReader& rest, std::size_t index) {
  const std::string_view magic = as_text(rest.bytes(kMagic.size()));
  Fields fields{};
  for (std::uint32_t& field : fields) {
    const auto value = parse_hex(rest.bytes(8));
    if (!rest.ok()) return Error{ErrorCode::kTruncated, "the ramdisk ends early", index};
    if (magic != kMagic || !value) return Error{ErrorCode::kMalformed, "not a newc cpio archive", index};
    field = *value;
  }
  return fields;
}

// Padding is relative to the archive's begin, which is aligned.
void skip_padding(base::ByteReader& rest, std::size_t whole) {
  rest.bytes((kAlignment - (whole - rest.remaining()) % kAlignment) % kAlignment);
}

}  // namespace

Result<Bytes> write_cpio(const FileTree::Entries& entries) {
  std::map<const FileNode*, std::uint32_t> links;
  for (const auto& [path, node] : entries) ++links[node.get()];
  std::map<const FileNode*, std::uint32_t> inodes;
  constexpr std::size_t kHeaderBytes = 110 + 2 * kAlignment;
  std::size_t bytes = kHeaderBytes + kTrailer.size();
  for (const auto& [path, node] : entries) bytes += kHeaderBytes + path.size() + node->data.size();
  Bytes out;
  out.reserve(std::min<std::size_t>(bytes, limits::kEifBytes));
  for (const auto& [path, node] : entries) {
    const auto [inode, is_first] = inodes.emplace(node.get(), static_cast<std::uint32_t>(inodes.size() + 1));
    Fields fields{};
    fields[kInode] = inode->second;
    fields[kMode] = type_bits(node->type) | node->mode;
    fields[kUid] = node->uid;
    fields[kGid] = node->gid;
    fields[kLinks] = links[node.get()];
    fields[kMajor] = node->major;
    fields[kMinor] = node->minor;
    // A second symlink of one inode would be empty: the kernel links files alone.
    const bool has_data = is_first || node->type != FileNode::Type::kFile;
    append_entry(out, fields, path, has_data ? node->data : ByteView{});
    if (out.size() > limits::kEifBytes) return Error{ErrorCode::kLimit, "the ramdisk would be too large"};
  }
  append_entry(out, {}, kTrailer, {});
  return out;
}

Result<std::vector<CpioEntry>> read_cpio(ByteView archive) {
  std::vector<CpioEntry> entries;
  base::ByteReader rest(archive);
  while (rest.remaining() != 0) {
    const ByteView tail = archive.subspan(archive.size() - rest.remaining());
    if (tail.front() == 0) {
      rest.bytes(1);
      continue;
    }
    const std::size_t index = entries.size();
    NES_TRY_ASSIGN(const Fields fields, read_fields(rest, index));
    const ByteView name = rest.bytes(fields[kNameSize]);
    skip_padding(rest, archive.size());
    const ByteView data = rest.bytes(fields[kSize]);
    if (rest.remaining() != 0) skip_padding(rest, archive.size());
    if (!rest.ok()) return Error{ErrorCode::kTruncated, "the ramdisk ends early", index};
    if (name.size() < 2 || std::ranges::find(name, 0) != name.end() - 1)
      return Error{ErrorCode::kMalformed, "a name in the ramdisk is not ended by one NUL", index};
    std::string path(as_text(name.first(name.size() - 1)));
    if (path == kTrailer) continue;
    if (index == limits::kEifTreeEntries)
      return Error{ErrorCode::kLimit, "the ramdisk has too many entries", index};
    entries.push_back({std::move(path), fields[kInode], fields[kMode], fields[kUid], fields[kGid],
                       fields[kLinks], fields[kMajor], fields[kMinor], data});
  }
  return entries;
}

}  // namespace nes::eif

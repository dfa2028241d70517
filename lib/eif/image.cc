#include "eif/image.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/limits.h"

namespace nes::eif {
namespace {

constexpr std::size_t kMaxSections = 32;  // the header's tables have that many places
constexpr std::size_t kHeaderBytes = 548;
constexpr std::size_t kCrcOffset = 0x220;
constexpr std::size_t kSectionHeaderBytes = 12;
constexpr std::size_t kSignatureBytes = 32'768;
constexpr std::uint32_t kMagic = 0x2E656966;  // ".eif"
constexpr std::uint16_t kVersion = 4;
constexpr std::uint64_t kDefaultMemory = std::uint64_t{1} << 30;  // as AWS's writer has it; nobody reads it
constexpr std::uint64_t kDefaultCpus = 2;

using Table = std::array<std::uint64_t, kMaxSections>;

Error malformed(base::StaticText reason, std::uint64_t index = 0) noexcept {
  return {ErrorCode::kMalformed, reason, index};
}

// The CRC-32 of zlib (ISO 3309, reflected polynomial 0xEDB88320).
constexpr std::array<std::uint32_t, 256> make_crc_table() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

// Over the header less its last field, then everything behind the header. `file` holds a header.
std::uint32_t checksum(ByteView file) noexcept {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const ByteView part : {file.first(kCrcOffset), file.subspan(kHeaderBytes)})
    for (const std::uint8_t byte : part) crc = (crc >> 8) ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

Result<void> check_sections(std::span<const Section> sections) {
  std::array<std::size_t, 6> counts{};
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Section& section = sections[i];
    const auto type = static_cast<std::size_t>(section.type);
    if (type == 0 || type >= counts.size()) return malformed("a section has an unknown type", i);
    if (++counts[type] > 1 && section.type != SectionType::kRamdisk)
      return malformed("a section that may be there once is repeated", i);
    if (section.data.empty()) return malformed("a section is empty", i);
    if (section.type == SectionType::kCmdline && std::ranges::find(section.data, 0) != section.data.end())
      return malformed("the kernel's command line has a NUL", i);
    if (section.type == SectionType::kSignature && section.data.size() > kSignatureBytes)
      return malformed("the signature section is too large", i);
  }
  if (counts[1] == 0) return malformed("there is no kernel section");
  if (counts[2] == 0) return malformed("there is no command line section");
  if (counts[3] == 0) return malformed("there is no ramdisk section");
  if (counts[5] == 0) return malformed("there is no metadata section");
  return {};
}

// Of the section that begins where `rest` stands, with what the header's tables say of it.
Result<Section> read_section(base::ByteReader& rest, std::uint64_t size, std::size_t index) {
  const std::uint16_t type = rest.u16be();
  const std::uint16_t flags = rest.u16be();
  const std::uint64_t stated = rest.u64be();
  if (!rest.ok()) return Error{ErrorCode::kTruncated, "a section's header ends early", index};
  if (flags != 0) return malformed("a section has flags", index);
  if (stated != size) return malformed("a section's size is not what the header says", index);
  const ByteView data = rest.bytes(size);
  if (!rest.ok()) return Error{ErrorCode::kTruncated, "a section reaches outside of the file", index};
  return Section{static_cast<SectionType>(type), data};
}

void put_u16(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put_u32(Bytes& out, std::uint32_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 16));
  put_u16(out, static_cast<std::uint16_t>(value));
}
void put_u64(Bytes& out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
  put_u32(out, static_cast<std::uint32_t>(value));
}

}  // namespace

ByteView Image::find(SectionType type) const noexcept {
  const auto found = std::ranges::find(sections, type, &Section::type);
  return found == sections.end() ? ByteView{} : found->data;
}

bool Image::is_signed() const noexcept { return !find(SectionType::kSignature).empty(); }

Result<Image> read(ByteView file) {
  if (file.size() > limits::kEifBytes) return Error{ErrorCode::kLimit, "the file is too large"};
  base::ByteReader header(file.first(std::min(file.size(), kHeaderBytes)));
  if (header.u32be() != kMagic) return malformed("not an EIF");
  const std::uint16_t version = header.u16be();
  if (version != kVersion) return malformed("not version 4 of the format");
  if (header.u16be() != 0) return malformed("not an image for x86_64");
  header.bytes(8 + 8 + 2);
  const std::size_t count = header.u16be();
  Table offsets{};
  Table sizes{};
  for (std::uint64_t& offset : offsets) offset = header.u64be();
  for (std::uint64_t& size : sizes) size = header.u64be();
  header.bytes(4);
  const std::uint32_t crc = header.u32be();
  if (!header.ok()) return Error{ErrorCode::kTruncated, "the header ends early"};
  if (count < 2 || count > kMaxSections) return malformed("the number of sections is not from 2 to 32");

  Image image{version, crc, {}};
  base::ByteReader rest(file.subspan(kHeaderBytes));
  for (std::size_t i = 0; i < kMaxSections; ++i) {
    if (i >= count) {
      if (offsets[i] != 0 || sizes[i] != 0)
        return malformed("the header states sections beyond their number", i);
      continue;
    }
    if (offsets[i] != file.size() - rest.remaining())
      return malformed("a section does not begin where the one before it ends", i);
    NES_TRY_ASSIGN(const Section section, read_section(rest, sizes[i], i));
    image.sections.push_back(section);
  }
  NES_TRY(rest.expect_end());
  NES_TRY(check_sections(image.sections));
  if (checksum(file) != crc) return malformed("the checksum is wrong");
  return image;
}

Result<Bytes> write(std::span<const Section> sections) {
  if (sections.size() > kMaxSections) return malformed("there are more than 32 sections");
  NES_TRY(check_sections(sections));
  Table offsets{};
  Table sizes{};
  std::uint64_t end = kHeaderBytes;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    offsets[i] = end;
    sizes[i] = sections[i].data.size();
    end += kSectionHeaderBytes + sizes[i];
  }
  if (end > limits::kEifBytes) return Error{ErrorCode::kLimit, "the file would be too large"};
  Bytes out;
  out.reserve(end);
  put_u32(out, kMagic);
  put_u16(out, kVersion);
  put_u16(out, 0);
  put_u64(out, kDefaultMemory);
  put_u64(out, kDefaultCpus);
  put_u16(out, 0);
  put_u16(out, static_cast<std::uint16_t>(sections.size()));
  for (const std::uint64_t offset : offsets) put_u64(out, offset);
  for (const std::uint64_t size : sizes) put_u64(out, size);
  put_u64(out, 0);  // unused, and the checksum's place
  for (const Section& section : sections) {
    put_u16(out, static_cast<std::uint16_t>(section.type));
    put_u16(out, 0);
    put_u64(out, section.data.size());
    out.insert(out.end(), section.data.begin(), section.data.end());
  }
  base::store_u32be(checksum(out), out.data() + kCrcOffset);
  return out;
}

}  // namespace nes::eif

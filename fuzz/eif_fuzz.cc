// Enclave images and what they are built from, from anywhere: images, layers, archives of images, ramdisks
// and signatures. What is read is within its bounds, says the same when it is written again, and no name in
// it leads out of its tree. Checksums are made right first, or mutations would end at them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "eif/compare.h"
#include "eif/container_image.h"
#include "eif/cose_section.h"
#include "eif/cpio.h"
#include "eif/decompress.h"
#include "eif/file_tree.h"
#include "eif/image.h"
#include "eif/image_config.h"
#include "eif/measure.h"
#include "eif/metadata.h"
#include "eif/ramdisks.h"
#include "eif/signature.h"

namespace {

using nes::as_bytes;
using nes::as_text;
using nes::Bytes;
using nes::ByteView;
namespace eif = nes::eif;

constexpr std::size_t kUnpackedBytes = std::size_t{1} << 20;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// zlib's CRC-32 over all but the field itself.
Bytes with_crc(ByteView bytes) {
  constexpr std::size_t kField = 0x220;
  Bytes file = copy(bytes);
  if (file.size() < kField + 4) return file;
  std::uint32_t crc = 0xFFFFFFFFU;
  for (std::size_t i = 0; i < file.size(); ++i) {
    if (i >= kField && i < kField + 4) continue;
    crc ^= file[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  nes::base::store_u32be(~crc, file.data() + kField);
  return file;
}

// Each header of a tar archive, as far as their sizes lead.
Bytes with_checksums(ByteView bytes) {
  Bytes archive = copy(bytes);
  for (std::size_t at = 0; at + 512 <= archive.size();) {
    std::fill_n(archive.begin() + static_cast<std::ptrdiff_t>(at) + 148, 8, std::uint8_t{' '});
    std::uint32_t sum = 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += archive[at + i];
    if (sum == 8 * ' ') break;
    for (std::size_t i = 0; i < 6; ++i)
      archive[at + 148 + i] = static_cast<std::uint8_t>('0' + ((sum >> (15 - 3 * i)) & 7));
    for (std::size_t i = 124; i < 135; ++i) size = (size << 3) + (archive[at + i] & 7U);
    at += 512 + (size + 511) / 512 * 512;
  }
  return archive;
}

void check_image(ByteView bytes) {
  const Bytes file = with_crc(bytes);
  const auto image = eif::read(file);
  if (!image.ok()) return;
  const auto measured = eif::measure(*image);
  NES_CHECK(measured.ok());
  const auto again = eif::write(image->sections);
  NES_CHECK(again.ok() && again->size() == file.size());
  const auto same = eif::read(*again);
  NES_CHECK(same.ok() && eif::compare(*image, *same).empty());
  static_cast<void>(eif::parse_metadata(image->find(eif::SectionType::kMetadata)));
  static_cast<void>(eif::kernel_version_of(image->find(eif::SectionType::kKernel)));
  if (!image->is_signed()) return;
  const ByteView section = image->find(eif::SectionType::kSignature);
  if (const auto certificate = eif::verify_signature(section, measured->pcr0); certificate.ok())
    NES_CHECK(eif::read_certificate(section).ok());
}

void check_section(ByteView bytes) {
  const auto section = eif::read_section(bytes);
  if (!section.ok()) return;
  const auto again = eif::write_section(*section);
  if (again.ok()) NES_CHECK(std::ranges::equal(*again, bytes));
}

void check_tree(const eif::FileTree& tree) {
  for (const auto& [path, node] : tree.entries()) {
    const auto normalized = eif::normalized_path(path);
    NES_CHECK(normalized.ok() && *normalized == path && !path.empty());
    const std::size_t slash = path.rfind('/');
    const eif::FileNode* const parent = tree.find(slash == std::string::npos ? "" : path.substr(0, slash));
    NES_CHECK(parent != nullptr && parent->type == eif::FileNode::Type::kDirectory);
  }
  const auto ramdisk = eif::application_ramdisk(tree, {.command = {"/a"}});
  if (!ramdisk.ok()) return;
  const auto entries = eif::read_cpio(*ramdisk);
  NES_CHECK(entries.ok() && entries->size() >= tree.entries().size() + 3);
}

// The same layer twice: what it hides is then there to be hidden.
void check_layer(ByteView bytes) {
  const auto archive = std::make_shared<const Bytes>(with_checksums(bytes));
  eif::FileTree tree;
  if (!tree.apply_layer(archive).ok()) return;
  check_tree(tree);
  if (tree.apply_layer(archive).ok()) check_tree(tree);
}

void check_archive(ByteView bytes) {
  std::string where;
  const auto image = eif::load_docker_archive(with_checksums(bytes), where);
  if (image.ok()) check_tree(image->files);
}

void check_ramdisk(ByteView bytes) {
  const auto entries = eif::read_cpio(bytes);
  if (!entries.ok()) return;
  for (const eif::CpioEntry& entry : *entries) NES_CHECK(entry.data.size() <= bytes.size());
}

void check_config(ByteView bytes) {
  const auto config = eif::parse_image_config(as_text(bytes));
  if (!config.ok()) return;
  const auto command = eif::command_file(*config);
  if (!command.ok()) return;
  NES_CHECK(static_cast<std::size_t>(std::ranges::count(*command, '\n')) == config->joined_command().size());
  static_cast<void>(eif::environment_file(*config));
  static_cast<void>(eif::user_file(*config, {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_image(bytes);
  check_section(bytes);
  check_layer(bytes);
  check_archive(bytes);
  check_ramdisk(bytes);
  check_config(bytes);
  const auto unpacked = eif::decompress(copy(bytes), kUnpackedBytes);
  if (unpacked.ok()) NES_CHECK(unpacked->size() <= kUnpackedBytes);
  return 0;
}

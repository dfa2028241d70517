#include "eif/compare.h"

#include <gtest/gtest.h>

#include "eif/cpio.h"

namespace nes::eif {
namespace {

std::shared_ptr<const FileNode> file(std::string_view data, std::uint32_t mode = 0644,
                                     std::uint32_t uid = 0) {
  return std::make_shared<const FileNode>(FileNode{.mode = mode, .uid = uid, .data = as_bytes(data)});
}

Image image_of(ByteView ramdisk, std::string_view cmdline = "c") {
  return {4,
          0,
          {{SectionType::kKernel, as_bytes("k")},
           {SectionType::kCmdline, as_bytes(cmdline)},
           {SectionType::kMetadata, as_bytes("{}")},
           {SectionType::kRamdisk, ramdisk}}};
}

// The differences as lines.
std::string compared(const Bytes& first, const Bytes& second) {
  std::string text;
  for (const Difference& difference : compare(image_of(first), image_of(second)))
    text += difference.section + " " + difference.path + " " + kind_name(difference.kind) + "\n";
  return text;
}

TEST(Compare, finds_nothing_in_the_same) {
  const Bytes ramdisk = write_cpio({{"a", file("1")}}).value();
  EXPECT_EQ(compared(ramdisk, ramdisk), "");
}

TEST(Compare, names_files_and_what_about_them_differs) {
  const Bytes first =
      write_cpio({{"a", file("1")}, {"b", file("2")}, {"c", file("3")}, {"e", file("5")}}).value();
  const auto link = std::make_shared<const FileNode>(
      FileNode{.type = FileNode::Type::kSymlink, .mode = 0644, .data = as_bytes("5")});
  const Bytes second =
      write_cpio({{"a", file("x")}, {"c", file("3", 0600, 7)}, {"d", file("")}, {"e", link}}).value();
  EXPECT_EQ(compared(first, second),
            "ramdisk 0 a content\nramdisk 0 b only in the first\nramdisk 0 c mode\nramdisk 0 c owner\n"
            "ramdisk 0 d only in the second\nramdisk 0 e type\n");
}

TEST(Compare, takes_hardlinks_for_the_file_that_they_are) {
  const auto shared = file("1");
  const Bytes linked = write_cpio({{"a", shared}, {"b", shared}}).value();
  const Bytes copied = write_cpio({{"a", file("1")}, {"b", file("1")}}).value();
  EXPECT_EQ(compared(linked, copied), "ramdisk 0 a links\nramdisk 0 b links\n");
}

TEST(Compare, tells_packing_from_content) {
  const Bytes archive = write_cpio({{"a", file("1")}}).value();
  Bytes padded = archive;
  padded.resize(padded.size() + 8);
  EXPECT_EQ(compared(archive, padded), "ramdisk 0  packing\n");
  EXPECT_EQ(compared(archive, {'x'}), "ramdisk 0  content\n");
}

TEST(Compare, names_sections) {
  const Bytes ramdisk = write_cpio({}).value();
  const auto differences = compare(image_of(ramdisk, "one"), image_of(ramdisk, "two"));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].section, "cmdline");
}

}  // namespace
}  // namespace nes::eif

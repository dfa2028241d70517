#include "eif/ramdisk_files.h"

#include <gtest/gtest.h>

#include "eif/gzip.h"

namespace nes::eif {
namespace {

std::shared_ptr<const FileNode> file(std::string_view data) {
  return std::make_shared<const FileNode>(FileNode{.mode = 0644, .data = as_bytes(data)});
}

Bytes archive(const FileTree::Entries& entries) { return write_cpio(entries).value(); }

// What is found of `env` and `rootfs/ca`, a line each.
std::string found(std::initializer_list<ByteView> ramdisks) {
  Image image{4, 0, {{SectionType::kKernel, as_bytes("env")}}};
  for (const ByteView ramdisk : ramdisks) image.sections.push_back({SectionType::kRamdisk, ramdisk});
  constexpr std::string_view kPaths[] = {"env", "rootfs/ca"};
  const auto files = find_files(image, kPaths);
  if (!files.ok()) return "refused";
  std::string text;
  for (const auto& [path, content] : *files) text += path + "=" + std::string(as_text(content)) + "\n";
  return text;
}

TEST(RamdiskFiles, finds_what_was_asked_for_and_nothing_else) {
  const Bytes first = archive({{"init", file("i")}});
  const Bytes second = archive(
      {{"env", file("A=b")}, {"envy", file("x")}, {"rootfs/ca", file("c")}, {"rootfs/env", file("y")}});
  EXPECT_EQ(found({first, second}), "env=A=b\nrootfs/ca=c\n");
  EXPECT_EQ(found({first}), "");
  EXPECT_EQ(found({}), "");
  const Bytes empty = archive({{"env", file("")}});
  EXPECT_EQ(found({empty}), "env=\n");
}

TEST(RamdiskFiles, other_builders_may_spell_names_otherwise) {
  const Bytes ramdisk = archive({{"./env", file("A=b")}, {"/rootfs/ca", file("c")}, {"a/../env", file("x")}});
  EXPECT_EQ(found({ramdisk}), "env=A=b\nrootfs/ca=c\n");
}

TEST(RamdiskFiles, the_last_of_a_name_counts) {
  const Bytes first = archive({{"env", file("first")}, {"rootfs/ca", file("c")}});
  const Bytes second = archive({{"env", file("second")}});
  EXPECT_EQ(found({first, second}), "env=second\nrootfs/ca=c\n");
  EXPECT_EQ(found({second, first}), "env=first\nrootfs/ca=c\n");
  Bytes joined = second;
  joined.insert(joined.end(), first.begin(), first.end());
  EXPECT_EQ(found({joined}), "env=first\nrootfs/ca=c\n");
}

TEST(RamdiskFiles, what_is_no_regular_file_is_none) {
  const auto link = std::make_shared<const FileNode>(
      FileNode{.type = FileNode::Type::kSymlink, .mode = 0777, .data = as_bytes("elsewhere")});
  const Bytes first = archive({{"env", file("A=b")}, {"rootfs/ca", link}});
  const Bytes second = archive({{"env", link}});
  EXPECT_EQ(found({first}), "env=A=b\n");
  EXPECT_EQ(found({first, second}), "");
}

TEST(RamdiskFiles, each_name_of_a_file_has_its_content) {
  const auto shared = file("c");
  const Bytes ramdisk = archive({{"a", shared}, {"rootfs/ca", shared}});
  EXPECT_EQ(found({ramdisk}), "rootfs/ca=c\n");
}

TEST(RamdiskFiles, ramdisks_may_be_compressed_and_must_be_whole) {
  const Bytes plain = archive({{"env", file("A=b")}});
  const Bytes packed = gzip(plain).value();
  EXPECT_EQ(found({packed}), "env=A=b\n");
  EXPECT_EQ(found({ByteView(packed).first(packed.size() - 1)}), "refused");
  EXPECT_EQ(found({ByteView(plain).first(plain.size() - 126)}), "refused");
  EXPECT_EQ(found({plain, as_bytes("070701 or something else")}), "refused");
}

}  // namespace
}  // namespace nes::eif

#include "eif/cpio.h"

#include <gtest/gtest.h>

namespace nes::eif {
namespace {

std::shared_ptr<const FileNode> node(FileNode::Type type, std::uint32_t mode, std::string_view data = "") {
  return std::make_shared<const FileNode>(
      FileNode{.type = type, .mode = mode, .uid = 3, .gid = 4, .data = as_bytes(data)});
}

FileTree::Entries some_entries() {
  const auto file = node(FileNode::Type::kFile, 04755, "content");
  return {{"a", node(FileNode::Type::kDirectory, 0755)},
          {"a/b", file},
          {"a/c", file},
          {"d", node(FileNode::Type::kSymlink, 0777, "../x")}};
}

TEST(Cpio, reads_back_what_it_wrote) {
  const Bytes archive = write_cpio(some_entries()).value();
  const auto entries = read_cpio(archive).value();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].mode, 040755U);
  EXPECT_EQ(entries[1].path, "a/b");
  EXPECT_EQ(entries[1].mode, 0104755U);
  EXPECT_EQ(as_text(entries[1].data), "content");
  EXPECT_EQ(entries[1].uid, 3U);
  EXPECT_EQ(entries[1].gid, 4U);
  EXPECT_EQ(as_text(entries[3].data), "../x");
}

TEST(Cpio, has_the_content_of_hardlinks_once) {
  const Bytes archive = write_cpio(some_entries()).value();
  const auto entries = read_cpio(archive).value();
  EXPECT_EQ(entries[1].inode, entries[2].inode);
  EXPECT_EQ(entries[1].links, 2U);
  EXPECT_TRUE(entries[2].data.empty());
  EXPECT_NE(entries[3].inode, entries[1].inode);
}

TEST(Cpio, header_is_that_of_the_format) {
  const FileTree::Entries entries = {{"cmd", node(FileNode::Type::kFile, 0644, "x\n")}};
  EXPECT_EQ(as_text(ByteView(write_cpio(entries).value()).first(120)), std::string_view("070701"
                                                                                        "00000001"
                                                                                        "000081A4"
                                                                                        "00000003"
                                                                                        "00000004"
                                                                                        "00000001"
                                                                                        "00000000"
                                                                                        "00000002"
                                                                                        "00000000"
                                                                                        "00000000"
                                                                                        "00000000"
                                                                                        "00000000"
                                                                                        "00000004"
                                                                                        "00000000"
                                                                                        "cmd\0\0\0x\n\0\0",
                                                                                        120));
}

TEST(Cpio, reads_archives_one_after_the_other) {
  Bytes archive = write_cpio({{"a", node(FileNode::Type::kFile, 0644, "1")}}).value();
  archive.resize((archive.size() + 511) / 512 * 512);
  const Bytes second = write_cpio({{"b", node(FileNode::Type::kFile, 0644, "2")}}).value();
  archive.insert(archive.end(), second.begin(), second.end());
  const auto entries = read_cpio(archive).value();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(as_text(entries[1].data), "2");
}

TEST(Cpio, never_reads_half_an_entry) {
  const Bytes archive = write_cpio(some_entries()).value();
  const auto whole = read_cpio(archive).value();
  for (std::size_t size = 1; size < archive.size(); ++size) {
    const auto entries = read_cpio(ByteView(archive).first(size));
    for (std::size_t i = 0; entries.ok() && i < entries->size(); ++i)
      EXPECT_EQ(as_text((*entries)[i].data), as_text(whole[i].data)) << size;
  }
  EXPECT_EQ(read_cpio(ByteView(archive).first(100)).error().code, ErrorCode::kTruncated);
}

TEST(Cpio, refuses_what_is_no_header) {
  const Bytes archive = write_cpio(some_entries()).value();
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{5}, std::size_t{6}, std::size_t{54}, std::size_t{94}}) {
    Bytes broken = archive;
    broken[at] = 'g';
    EXPECT_FALSE(read_cpio(broken).ok()) << at;
  }
  Bytes huge = archive;
  std::fill_n(huge.begin() + 54, 8, std::uint8_t{'F'});
  EXPECT_EQ(read_cpio(huge).error().code, ErrorCode::kTruncated);
  EXPECT_FALSE(read_cpio(as_bytes("no archive")).ok());
}

}  // namespace
}  // namespace nes::eif

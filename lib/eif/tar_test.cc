#include "eif/tar.h"

#include <gtest/gtest.h>

#include "eif/tar_for_test.h"

namespace nes::eif {
namespace {

// Whether it is refused, with the position.
void expect_refused(const Bytes& archive, std::uint64_t headers, const char* what) {
  const auto entries = read_tar(archive);
  ASSERT_FALSE(entries.ok()) << what;
  EXPECT_EQ(entries.error().position, headers) << what;
}

// The first header after `change`, with its checksum made right again.
template <typename Change>
Bytes changed(Bytes archive, Change change) {
  std::string header(archive.begin(), archive.begin() + 512);
  change(header);
  TarForTest::set_checksum(header);
  std::copy(header.begin(), header.end(), archive.begin());
  return archive;
}

TEST(Tar, reads_what_entries_say) {
  const Bytes archive =
      TarForTest().directory("d/").file("d/f", "content").symlink("s", "../t").hardlink("h", "d/f").end();
  const auto entries = read_tar(archive).value();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].type, TarEntry::Type::kDirectory);
  EXPECT_EQ(as_text(entries[1].data), "content");
  EXPECT_EQ(entries[1].mode, 0644U);
  EXPECT_EQ(entries[1].uid, 1U);
  EXPECT_EQ(entries[1].gid, 2U);
  EXPECT_EQ(entries[2].link, "../t");
  EXPECT_EQ(entries[3].type, TarEntry::Type::kHardlink);
  EXPECT_TRUE(entries[1].link.empty());
}

TEST(Tar, takes_long_names_and_large_numbers_from_extensions) {
  const std::string long_name(300, 'n');
  const Bytes archive = TarForTest()
                            .pax("path", long_name)
                            .pax("uid", "3000000000")
                            .pax("mtime", "1.5")
                            .pax("SCHILY.xattr.security.capability", "x")
                            .file("short", "1")
                            .add("././@LongLink", 'L', long_name + '\0')
                            .add("././@LongLink", 'K', "to\0more")
                            .symlink("short", "t")
                            .pax("comment", "of git", 'g')
                            .file("plain")
                            .end();
  const auto entries = read_tar(archive).value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, long_name);
  EXPECT_EQ(entries[0].uid, 3'000'000'000U);
  EXPECT_EQ(entries[1].path, long_name);
  EXPECT_EQ(entries[1].link, "to");
  EXPECT_EQ(entries[2].path, "plain");
  EXPECT_EQ(entries[2].uid, 1U);
}

TEST(Tar, joins_the_prefix_of_ustar_alone) {
  const auto with_prefix = [](std::string& header) { header.replace(345, 3, "pre"); };
  const Bytes archive = TarForTest().file("name").end();
  EXPECT_EQ(read_tar(changed(archive, with_prefix)).value()[0].path, "pre/name");
  const Bytes gnu = changed(archive, [&](std::string& header) {
    with_prefix(header);
    header.replace(257, 8, std::string_view("ustar  \0", 8));
  });
  EXPECT_EQ(read_tar(gnu).value()[0].path, "name");
}

TEST(Tar, may_end_without_its_last_blocks_but_not_within_an_entry) {
  const Bytes archive = TarForTest().file("a", std::string(600, 'x')).end();
  EXPECT_TRUE(read_tar(ByteView(archive).first(512 + 1024)).ok());
  EXPECT_TRUE(read_tar({}).value().empty());
  for (std::size_t size = 1; size < 512 + 1024; ++size)
    EXPECT_FALSE(read_tar(ByteView(archive).first(size)).ok()) << size;
}

TEST(Tar, refuses_every_flipped_bit_of_a_header) {
  Bytes archive = TarForTest().file("a", "b").end();
  for (std::size_t i = 0; i < 512; ++i) {
    if (i == 154 || i == 155) continue;  // what ends the checksum's digits
    archive[i] ^= 1;
    EXPECT_FALSE(read_tar(archive).ok()) << i;
    archive[i] ^= 1;
  }
}

TEST(Tar, refuses_what_could_be_read_in_two_ways) {
  expect_refused(TarForTest().add("d", '5', "content").end(), 0, "a directory with content");
  expect_refused(TarForTest().add("h", '1', "content", "x").end(), 0, "a hardlink with content");
  expect_refused(TarForTest().file("x").add("s", 'S').end(), 1, "sparse");
  expect_refused(TarForTest().pax("GNU.sparse.major", "1").file("x").end(), 0, "sparse by pax");
  expect_refused(TarForTest().pax("path", "y", 'g').file("x").end(), 0, "a path for every entry");
  expect_refused(TarForTest().pax("path", std::string_view("a\0b", 3)).file("x").end(), 0, "NUL");
  expect_refused(TarForTest().add("x", 'Z').end(), 0, "an unknown type");
  expect_refused(TarForTest().file("").end(), 0, "no name");
  expect_refused(TarForTest().symlink("x", "").end(), 0, "no target");
  expect_refused(TarForTest().pax("path", "x").end(), 1, "an extension of nothing");
  Bytes more = TarForTest().file("x").end();
  more.push_back(1);
  expect_refused(more, 1, "bytes that follow");
}

TEST(Tar, refuses_records_and_numbers_that_are_none) {
  for (const char* record : {"7 a=b", "8 a=b\n", "0 a=b\n", "x a=b\n", " a=b\n", "6 a=b\n8\n", "5 ab\n",
                             "99999999999999999999999 a=b\n", "15 size=-1234\n\n"})
    EXPECT_FALSE(read_tar(TarForTest().add("pax", 'x', record).file("x").end()).ok()) << record;
  for (const char* size : {"99999999999", "77777777777", "-0000000001", "0x000000001"})
    EXPECT_FALSE(read_tar(changed(TarForTest().file("x", "1").end(),
                                  [&](std::string& header) { header.replace(124, 11, size); }))
                     .ok())
        << size;
  const Bytes owner = TarForTest().pax("uid", "4294967295").file("x").end();
  EXPECT_FALSE(read_tar(owner).ok());
  const Bytes size = TarForTest().pax("size", "18446744073709551615").file("x").end();
  EXPECT_FALSE(read_tar(size).ok());
}

TEST(Tar, reads_numbers_in_base_256) {
  const Bytes archive = changed(TarForTest().file("x", "12").end(), [](std::string& header) {
    header.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\2", 12));
  });
  EXPECT_EQ(as_text(read_tar(archive).value()[0].data), "12");
  const Bytes huge =
      changed(archive, [](std::string& header) { header.replace(125, 10, std::string(10, '\x7F')); });
  EXPECT_FALSE(read_tar(huge).ok());
}

}  // namespace
}  // namespace nes::eif

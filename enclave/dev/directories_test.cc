#include "enclave/dev/directories.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace nes::dev {
namespace {

class DirectoriesTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nes-directories-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + '/' + name).parent_path());
    std::ofstream(folder_ + '/' + name, std::ios::binary) << content;
  }
  std::string folder_;
};

TEST_F(DirectoriesTest, reads_keys_with_the_current_one_first_and_newer_names_before_older) {
  write("2026-01.key", "b");
  write("2026-02.key", "c");
  write("current.key", "a");
  write("notes.txt", "x");
  const auto keys = DirectoryKeySource(folder_).fetch();
  ASSERT_TRUE(keys.ok());
  std::string order;
  for (const auto& key : keys->keys) order += as_text(key.dek.reveal());
  EXPECT_EQ(order, "acb");
}

TEST_F(DirectoriesTest, refuses_a_key_directory_without_a_current_key_or_none_at_all) {
  EXPECT_EQ(DirectoryKeySource(folder_).fetch().error().code, ErrorCode::kMalformed);
  write("old.key", "b");
  EXPECT_EQ(DirectoryKeySource(folder_).fetch().error().code, ErrorCode::kMalformed);
  EXPECT_EQ(DirectoryKeySource(folder_ + "/missing").fetch().error().code, ErrorCode::kIo);
  write("current.key", std::string(4097, 'x'));
  EXPECT_EQ(DirectoryKeySource(folder_).fetch().error().code, ErrorCode::kLimit);
}

TEST_F(DirectoriesTest, lists_schemas_with_an_etag_that_changes_with_the_file) {
  write("a.yaml", "1");
  write("eu/b.json", "2");
  DirectorySchemaSource source(folder_);
  auto before = source.list();
  ASSERT_TRUE(before.ok());
  ASSERT_EQ(before->size(), 2U);
  for (const auto& object : *before)
    EXPECT_EQ(*source.get(object, 10), object.key == "a.yaml" ? "1" : "2") << object.key;
  write("a.yaml", "longer");
  const auto after = source.list();
  for (const auto& object : *after)
    for (const auto& old : *before)
      if (old.key == object.key) {
        EXPECT_EQ(old.etag == object.etag, object.key != "a.yaml");
      }
}

TEST_F(DirectoriesTest, fails_on_a_missing_directory_and_a_vanished_file) {
  EXPECT_EQ(DirectorySchemaSource(folder_ + "/missing").list().error().code, ErrorCode::kIo);
  EXPECT_EQ(DirectorySchemaSource(folder_).get({.key = "gone.yaml", .etag = ""}, 10).error().code,
            ErrorCode::kIo);
}

}  // namespace
}  // namespace nes::dev

#include "tools/nitro_enc/files.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/nitro_enc_files.XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  std::size_t file_count() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_)) ++count;
    return count;
  }

  std::string directory_;
};

TEST_F(FilesTest, are_read_up_to_the_limit) {
  std::ofstream(path("f")) << std::string(100'000, 'x');
  EXPECT_EQ(read_file(path("f"), 100'000)->size(), 100'000U);
  EXPECT_EQ(read_file(path("f"), 99'999).error().code, ErrorCode::kLimit);
  EXPECT_EQ(read_file(path("g"), 10).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_file(directory_, 10).error().code, ErrorCode::kIo);
  std::ofstream(path("e")) << "";
  EXPECT_EQ(*read_file(path("e"), 0), "");
}

TEST_F(FilesTest, with_secrets_are_their_owners_alone) {
  const auto secret = secret::SecretBytes::copy_of(as_bytes("key"));
  ASSERT_TRUE(create_secret_file(path("k"), secret).ok());
  EXPECT_EQ(mode_of(path("k")), 0600U);
  EXPECT_EQ(as_text(read_secret_file(path("k"), 10)->reveal()), "key");
  ::chmod(path("k").c_str(), 0640);
  EXPECT_EQ(read_secret_file(path("k"), 10).error().code, ErrorCode::kNotAllowed);
}

TEST_F(FilesTest, with_secrets_are_never_overwritten) {
  std::ofstream(path("k")) << "old";
  EXPECT_EQ(create_secret_file(path("k"), secret::SecretBytes(1)).error().code, ErrorCode::kNotAllowed);
  EXPECT_EQ(*read_file(path("k"), 10), "old");
  EXPECT_EQ(create_secret_file(path("d/k"), secret::SecretBytes(1)).error().code, ErrorCode::kIo);
}

TEST_F(FilesTest, are_replaced_whole) {
  ASSERT_TRUE(replace_file(path("f"), "one").ok());
  ASSERT_TRUE(replace_file(path("f"), "two").ok());
  EXPECT_EQ(*read_file(path("f"), 10), "two");
  EXPECT_EQ(file_count(), 1U);
  EXPECT_EQ(replace_file(path("d/f"), "x").error().code, ErrorCode::kIo);
}

TEST_F(FilesTest, leave_nothing_behind_when_they_cannot_be_replaced) {
  std::filesystem::create_directories(path("f/inside"));
  EXPECT_EQ(replace_file(path("f"), "x").error().code, ErrorCode::kIo);
  EXPECT_EQ(file_count(), 1U);
}

}  // namespace
}  // namespace nes::nitro_enc

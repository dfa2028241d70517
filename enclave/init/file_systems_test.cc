#include "enclave/init/file_systems.h"

#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::init {
namespace {

class TakenFile : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nes-init-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/cmd";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string folder_, path_;
};

TEST_F(TakenFile, is_read_whole_and_gone) {
  const std::string text(100'000, 'x');
  write(text);
  const auto taken = take_file(path_.c_str());
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(**taken, text);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(TakenFile, may_be_empty_or_absent_which_differ) {
  write("");
  EXPECT_EQ(**take_file(path_.c_str()), "");
  EXPECT_EQ(*take_file(path_.c_str()), std::nullopt);
}

TEST_F(TakenFile, is_refused_over_its_limit) {
  write(std::string(limits::kInitFileBytes, 'x'));
  EXPECT_TRUE(take_file(path_.c_str()).ok());
  write(std::string(limits::kInitFileBytes + 1, 'x'));
  const auto taken = take_file(path_.c_str());
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, ErrorCode::kLimit);
}

TEST_F(TakenFile, is_no_link_and_no_directory) {
  std::filesystem::create_symlink("/etc/hostname", path_);
  const auto link = take_file(path_.c_str());
  ASSERT_FALSE(link.ok());
  EXPECT_EQ(link.error().position, static_cast<std::uint64_t>(ELOOP));
  const auto directory = take_file(folder_.c_str());
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().position, static_cast<std::uint64_t>(EISDIR));
}

TEST(ProgramMounts, are_each_there_once_and_allow_no_set_uid_and_no_program) {
  std::set<std::string_view> targets;
  for (const Mount& mount : program_mounts()) {
    EXPECT_TRUE(targets.insert(mount.target).second) << mount.target;
    EXPECT_TRUE((mount.flags & MS_NOSUID) != 0 && (mount.flags & MS_NOEXEC) != 0) << mount.target;
  }
  EXPECT_EQ(targets, (std::set<std::string_view>{"/proc", "/sys", "/dev/pts", "/dev/shm", "/run", "/tmp"}));
}

}  // namespace
}  // namespace nes::init

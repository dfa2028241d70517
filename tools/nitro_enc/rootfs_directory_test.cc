#include "tools/nitro_enc/rootfs_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

class Rootfs : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "rootfs.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, mode_t mode) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << name;
    ASSERT_EQ(::chmod((root_ / name).c_str(), mode), 0);
  }

  std::filesystem::path root_;
  std::string where_;
};

TEST_F(Rootfs, normalizes_modes_and_owners) {
  write("program", 0710);
  write("secret", 0600);
  write("setuid", 04500);
  write("d/x", 0666);
  const eif::FileTree tree = read_rootfs(root_, where_).value();
  EXPECT_EQ(tree.find("program")->mode, 0755U);
  EXPECT_EQ(tree.find("secret")->mode, 0644U);
  EXPECT_EQ(tree.find("setuid")->mode, 04755U);
  EXPECT_EQ(tree.find("d")->mode, 0755U);
  EXPECT_EQ(as_text(tree.find("d/x")->data), "d/x");
  for (const auto& [path, node] : tree.entries()) EXPECT_EQ(node->uid + node->gid, 0U) << path;
}

TEST_F(Rootfs, keeps_symlinks_and_follows_none) {
  std::filesystem::create_symlink("/etc", root_ / "etc");
  std::filesystem::create_symlink("../..", root_ / "up");
  std::filesystem::create_symlink(".", root_ / "loop");
  const eif::FileTree tree = read_rootfs(root_, where_).value();
  EXPECT_EQ(tree.entries().size(), 3U);
  EXPECT_EQ(tree.find("etc")->type, eif::FileNode::Type::kSymlink);
  EXPECT_EQ(as_text(tree.find("up")->data), "../..");
}

TEST_F(Rootfs, names_what_it_cannot_take) {
  std::filesystem::create_directory(root_ / "d");
  ASSERT_EQ(::mkfifo((root_ / "d/pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_rootfs(root_, where_).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(where_, "d/pipe");
  EXPECT_EQ(read_rootfs(root_ / "none", where_).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace nes::nitro_enc

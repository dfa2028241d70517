#include "eif/file_tree.h"

#include <gtest/gtest.h>

#include "eif/limits.h"
#include "eif/tar_for_test.h"

namespace nes::eif {
namespace {

Result<FileTree> applied(std::initializer_list<TarForTest> layers) {
  FileTree tree;
  for (const TarForTest& layer : layers)
    NES_TRY(tree.apply_layer(std::make_shared<const Bytes>(layer.end())));
  return tree;
}

std::string names(const FileTree& tree) {
  std::string text;
  for (const auto& [path, node] : tree.entries()) text += path + " ";
  return text;
}

void expect_refused(std::initializer_list<TarForTest> layers, ErrorCode code = ErrorCode::kMalformed) {
  const auto tree = applied(layers);
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.error().code, code);
}

const TarForTest kBelow = TarForTest().file("d/one", "1").file("d/two", "2").symlink("s", "d").file("f", "f");

TEST(NormalizedPath, drops_what_says_nothing_and_refuses_to_go_up) {
  EXPECT_EQ(normalized_path("/./a//b/./c/").value(), "a/b/c");
  EXPECT_EQ(normalized_path("./").value(), "");
  EXPECT_EQ(normalized_path("a..b/...").value(), "a..b/...");
  for (const std::string_view path : {"..", "a/..", "../a", "/..", "a/../b"})
    EXPECT_FALSE(normalized_path(path).ok()) << path;
  EXPECT_FALSE(normalized_path(std::string_view("a\0b", 3)).ok());
}

TEST(NormalizedPath, is_as_long_as_may_be_and_no_longer) {
  EXPECT_TRUE(normalized_path(std::string(limits::kEifNameBytes, 'n')).ok());
  EXPECT_FALSE(normalized_path(std::string(limits::kEifNameBytes + 1, 'n')).ok());
  std::string deep;
  for (std::size_t i = 0; i < limits::kEifPathDepth; ++i) deep += "d/";
  EXPECT_TRUE(normalized_path(deep).ok());
  EXPECT_FALSE(normalized_path(deep + "d").ok());
}

TEST(FileTree, makes_directories_that_no_layer_names) {
  const FileTree tree = applied({TarForTest().file("a/b/c")}).value();
  EXPECT_EQ(names(tree), "a a/b a/b/c ");
  EXPECT_EQ(tree.find("a/b")->mode, 0755U);
  EXPECT_EQ(tree.find("a/b")->uid, 0U);
}

TEST(FileTree, hides_by_whiteouts_only_what_lies_below) {
  EXPECT_EQ(names(applied({kBelow, TarForTest().file("d/.wh.one")}).value()), "d d/two f s ");
  EXPECT_EQ(names(applied({kBelow, TarForTest().file("d/new").file("d/.wh..wh..opq")}).value()),
            "d d/new f s ");
  EXPECT_EQ(names(applied({kBelow, TarForTest().file("d/one").file("d/.wh.one").file(".wh.s")}).value()),
            "d d/one d/two f ");
  EXPECT_EQ(names(applied({kBelow, TarForTest().file(".wh..wh..opq")}).value()), "");
  EXPECT_EQ(names(applied({kBelow, TarForTest().file(".wh.d")}).value()), "f s ");
}

TEST(FileTree, replaces_directories_only_by_what_is_no_directory) {
  EXPECT_EQ(names(applied({kBelow, TarForTest().directory("d")}).value()), "d d/one d/two f s ");
  EXPECT_EQ(names(applied({kBelow, TarForTest().file("d")}).value()), "d f s ");
  EXPECT_EQ(names(applied({kBelow, TarForTest().directory("s").file("s/x")}).value()),
            "d d/one d/two f s s/x ");
}

TEST(FileTree, does_not_confuse_a_directory_with_names_that_begin_like_it) {
  const TarForTest below = TarForTest().file("d/x").file("d-x").file("d.x").file("dx").file("d0");
  EXPECT_EQ(names(applied({below, TarForTest().file(".wh.d")}).value()), "d-x d.x d0 dx ");
}

TEST(FileTree, follows_no_symlink) {
  expect_refused({kBelow, TarForTest().file("s/x")});
  expect_refused({kBelow, TarForTest().file("s/x/y")});
  expect_refused({kBelow, TarForTest().file("s/.wh.one")});
  expect_refused({kBelow, TarForTest().file("f/x")});
  expect_refused({kBelow, TarForTest().hardlink("x", "s/one")});
  expect_refused({TarForTest().symlink("x", "/").file("x/etc/passwd")});
}

TEST(FileTree, links_names_of_one_file) {
  const FileTree tree = applied({kBelow, TarForTest().hardlink("x", "d/one").hardlink("y", "x")}).value();
  EXPECT_EQ(tree.find("x"), tree.find("d/one"));
  EXPECT_EQ(tree.find("y"), tree.find("d/one"));
  const FileTree gone =
      applied({kBelow, TarForTest().hardlink("x", "d/one"), TarForTest().file(".wh.d")}).value();
  EXPECT_EQ(as_text(gone.find("x")->data), "1");
  for (const auto& [name, target] : {std::pair("x", "none"), std::pair("x", "x"), std::pair("f", "f"),
                                     std::pair("x", "d"), std::pair("x", "../f"), std::pair("./", "f")})
    expect_refused({kBelow, TarForTest().hardlink(name, target)});
}

TEST(FileTree, names_the_entry_that_was_at_fault) {
  FileTree tree;
  ASSERT_FALSE(
      tree.apply_layer(std::make_shared<const Bytes>(TarForTest().file("ok").file("../x").end())).ok());
  EXPECT_EQ(tree.failed_path(), "../x");
}

TEST(FileTree, limits_symlinks_and_lets_the_root_be_a_directory_alone) {
  FileTree tree;
  const Bytes target(limits::kEifSymlinkBytes + 1, 't');
  FileNode node{.type = FileNode::Type::kSymlink, .data = target};
  EXPECT_EQ(tree.add("x", node).error().code, ErrorCode::kLimit);
  node.data = ByteView(target).first(limits::kEifSymlinkBytes);
  EXPECT_TRUE(tree.add("x", node).ok());
  EXPECT_FALSE(tree.add("/", node).ok());
  EXPECT_TRUE(tree.add("/", {.type = FileNode::Type::kDirectory, .mode = 0700}).ok());
  EXPECT_EQ(tree.root().mode, 0700U);
}

}  // namespace
}  // namespace nes::eif

#include "eif/image_config.h"

#include <gtest/gtest.h>

#include "eif/json_tree.h"

namespace nes::eif {
namespace {

FileTree tree_with(std::string_view passwd, std::string_view group) {
  FileTree tree;
  tree.add("etc/passwd", {.mode = 0644, .data = as_bytes(passwd)}).value();
  tree.add("etc/group", {.mode = 0644, .data = as_bytes(group)}).value();
  return tree;
}

std::string user_of(std::string_view user, const FileTree& files) {
  const auto file = user_file({.user = std::string(user)}, files);
  return file.ok() ? *file : "";
}

TEST(ImageConfig, is_what_the_document_says) {
  const ImageConfig config =
      parse_image_config(R"({"architecture":"amd64","os":"linux","config":{"Entrypoint":["a"],
      "Cmd":["b","c"],"Env":["X=1"],"User":"u","WorkingDir":"/w","Labels":{"x":"y"}},
      "rootfs":{"diff_ids":["sha256:1"]},"history":[{}]})")
          .value();
  EXPECT_EQ(command_file(config).value(), "a\nb\nc\n");
  EXPECT_EQ(environment_file(config).value(), "X=1\n");
  EXPECT_EQ(directory_file(config).value(), "/w\n");
  EXPECT_EQ(config.diff_ids.size(), 1U);
}

TEST(ImageConfig, may_say_nothing_by_null) {
  const ImageConfig config =
      parse_image_config(
          R"({"config":{"Entrypoint":null,"Cmd":["b"],"Env":null,"User":"","WorkingDir":null}})")
          .value();
  EXPECT_EQ(command_file(config).value(), "b\n");
  EXPECT_EQ(environment_file(config).value(), "");
  EXPECT_EQ(user_file(config, {}).value(), "");
  EXPECT_EQ(directory_file(config).value(), "");
}

TEST(ImageConfig, refuses_other_types_and_repeated_keys) {
  for (const std::string_view json :
       {R"([])", R"({"config":[]})", R"({"config":{"Cmd":"sh -c x"}})", R"({"config":{"Env":[1]}})",
        R"({"config":{"User":0}})", R"({"config":{"User":"a","User":"b"}})", R"({"rootfs":{"diff_ids":{}}})",
        "{", ""})
    EXPECT_FALSE(parse_image_config(json).ok()) << json;
}

TEST(ImageConfig, refuses_what_a_line_cannot_hold) {
  EXPECT_FALSE(command_file({.command = {"a\nb"}}).ok());
  EXPECT_FALSE(command_file({.command = {std::string("a\0b", 3)}}).ok());
  EXPECT_FALSE(command_file({.command = {""}}).ok());
  EXPECT_FALSE(command_file({}).ok());
  EXPECT_TRUE(command_file({.command = {"a", ""}}).ok());
  EXPECT_FALSE(environment_file({.environment = {"A=1\nB=2"}}).ok());
  EXPECT_FALSE(environment_file({.environment = {"A"}}).ok());
  EXPECT_FALSE(environment_file({.environment = {"=A"}}).ok());
  EXPECT_FALSE(directory_file({.directory = "/a\nb"}).ok());
}

TEST(ImageConfig, lets_the_last_of_two_variables_count) {
  EXPECT_EQ(environment_file({.environment = {"A=1", "AB=2", "A=3"}}).value(), "A=3\nAB=2\n");
}

TEST(ImageConfig, resolves_users_by_the_image_s_own_files) {
  const FileTree files =
      tree_with("root:x:0:0::/:\nbad:x:y:z\nweb:x:10:20::/:\n", "web:x:30:\nstaff:x:50:web\n");
  EXPECT_EQ(user_of("web", files), "10:20\n");
  EXPECT_EQ(user_of("web:staff", files), "10:50\n");
  EXPECT_EQ(user_of("web:7", files), "10:7\n");
  EXPECT_EQ(user_of("10", files), "10:20\n");
  EXPECT_EQ(user_of("11", files), "11:0\n");
  EXPECT_EQ(user_of("11:12", {}), "11:12\n");
  EXPECT_EQ(user_of("4294967294", files), "4294967294:0\n");
  for (const std::string_view user :
       {"nobody", "bad", "web:none", ":1", "1:", "1:2:3", "4294967295", "-1", "+1", "1 "})
    EXPECT_EQ(user_of(user, files), "") << user;
}

TEST(ImageConfig, follows_no_symlink_to_the_host_s_users) {
  FileTree files;
  files.add("etc/passwd", {.type = FileNode::Type::kSymlink, .data = as_bytes("/etc/passwd")}).value();
  EXPECT_EQ(user_of("root", files), "");
}

TEST(JsonTree, keeps_values_by_type) {
  const JsonTree tree =
      JsonTree::parse(R"({"s":"\u00e9","n":-1.5e3,"b":true,"z":null,"l":[1,{}],"u":18446744073709551615})")
          .value();
  EXPECT_EQ(tree.optional_string("s").value(), "\xC3\xA9");
  EXPECT_EQ(tree.find("n")->text(), "-1.5e3");
  EXPECT_EQ(tree.find("b")->text(), "true");
  EXPECT_EQ(tree.find("z"), nullptr);
  EXPECT_EQ(tree.optional_array("l").value()->items().size(), 2U);
  EXPECT_EQ(tree.optional_size("u").value(), UINT64_MAX);
  EXPECT_FALSE(tree.optional_size("n").ok());
  EXPECT_FALSE(tree.optional_size("s").ok());
  EXPECT_FALSE(tree.optional_strings("l").ok());
  EXPECT_FALSE(tree.optional_object("l").ok());
}

}  // namespace
}  // namespace nes::eif

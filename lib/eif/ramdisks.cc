#include "eif/ramdisks.h"

#include <array>
#include <memory>
#include <string>

#include "eif/cpio.h"

namespace nes::eif {
namespace {

constexpr std::array kMountPoints = {"dev", "proc", "run", "sys", "tmp", "var"};

std::shared_ptr<const FileNode> directory(std::uint32_t mode) {
  return std::make_shared<const FileNode>(FileNode{.type = FileNode::Type::kDirectory, .mode = mode});
}

std::shared_ptr<const FileNode> file(ByteView data, std::uint32_t mode) {
  return std::make_shared<const FileNode>(
      FileNode{.type = FileNode::Type::kFile, .mode = mode, .data = data});
}

}  // namespace

Result<Bytes> system_ramdisk(ByteView init, ByteView module) {
  FileTree::Entries entries;
  entries.emplace("dev", directory(0755));
  entries.emplace("init", file(init, 0755));
  if (!module.empty()) entries.emplace("nsm.ko", file(module, 0644));
  return write_cpio(entries);
}

Result<Bytes> application_ramdisk(const FileTree& files, const ImageConfig& config) {
  NES_TRY_ASSIGN(const std::string command, command_file(config));
  NES_TRY_ASSIGN(const std::string environment, environment_file(config));
  NES_TRY_ASSIGN(const std::string user, user_file(config, files));
  NES_TRY_ASSIGN(const std::string work_directory, directory_file(config));
  FileTree::Entries entries;
  entries.emplace("rootfs", std::make_shared<const FileNode>(files.root()));
  for (const auto& [path, node] : files.entries()) entries.emplace("rootfs/" + path, node);
  for (const std::string name : kMountPoints)
    entries.try_emplace("rootfs/" + name, directory(name == "tmp" ? 01777 : 0755));
  entries.emplace("cmd", file(as_bytes(command), 0644));
  entries.emplace("env", file(as_bytes(environment), 0644));
  if (!user.empty()) entries.emplace("user", file(as_bytes(user), 0644));
  if (!work_directory.empty()) entries.emplace("workdir", file(as_bytes(work_directory), 0644));
  return write_cpio(entries);
}

}  // namespace nes::eif

#include "tools/nitro_enc/rootfs_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "eif/limits.h"
#include "os/unique_fd.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

class RootfsReader {
 public:
  explicit RootfsReader(std::string& where) noexcept : where_(where) {}

  // Recursion is as deep as paths may be.
  Result<void> read(const os::UniqueFd& directory, const std::string& path) {
    where_ = path;
    NES_TRY_ASSIGN(const std::vector<std::string> names, names_in(directory));
    for (const std::string& name : names) {
      const std::string below = path.empty() ? name : path + "/" + name;
      where_ = below;
      NES_TRY(read_entry(directory, name, below));
    }
    return {};
  }

  eif::FileTree tree;

 private:
  static Result<std::vector<std::string>> names_in(const os::UniqueFd& directory) {
    // The stream closes its descriptor.
    const int copy = ::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0);
    const std::unique_ptr<DIR, CloseDirectory> stream(copy < 0 ? nullptr : ::fdopendir(copy));
    if (!stream) return io_error("the directory cannot be read");
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) return io_error("the directory cannot be read");
      if (entry == nullptr) break;
      std::string name(static_cast<const char*>(entry->d_name));
      if (name != "." && name != "..") names.push_back(std::move(name));
      if (names.size() > limits::kEifTreeEntries)
        return Error{ErrorCode::kLimit, "the directory has too many entries"};
    }
    std::ranges::sort(names);
    return names;
  }

  Result<void> read_entry(const os::UniqueFd& directory, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return io_error("the file cannot be examined");
    if (S_ISLNK(status.st_mode)) return read_symlink(directory, name, path);
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
      return Error{ErrorCode::kMalformed, "neither a directory, a file nor a symlink"};
    const int kind = S_ISDIR(status.st_mode) ? O_DIRECTORY : O_NONBLOCK;
    const os::UniqueFd fd(::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind));
    if (!fd) return io_error("the file cannot be opened");
    // What was opened counts, and not what was there before.
    if (::fstat(fd.get(), &status) != 0) return io_error("the file cannot be examined");
    if (S_ISREG(status.st_mode)) return read_regular(fd, status.st_mode, path);
    if (!S_ISDIR(status.st_mode)) return Error{ErrorCode::kMalformed, "it changed while it was read"};
    NES_TRY(tree.add(path, {.type = eif::FileNode::Type::kDirectory,
                            .mode = (status.st_mode & S_ISVTX) != 0 ? 01777U : 0755U}));
    return read(fd, path);
  }

  Result<void> read_regular(const os::UniqueFd& fd, mode_t mode, const std::string& path) {
    NES_TRY_ASSIGN(Bytes content, read_bytes(fd.get(), limits::kEifTreeBytes));
    const bool is_program = (mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    eif::FileNode node{.type = eif::FileNode::Type::kFile,
                       .mode = (is_program ? 0755U : 0644U) | (mode & (S_ISUID | S_ISGID))};
    auto holder = std::make_shared<const Bytes>(std::move(content));
    node.data = *holder;
    node.holder = std::move(holder);
    return tree.add(path, std::move(node));
  }

  Result<void> read_symlink(const os::UniqueFd& directory, const std::string& name, const std::string& path) {
    Bytes target(limits::kEifSymlinkBytes + 1);
    const ssize_t size =
        ::readlinkat(directory.get(), name.c_str(), reinterpret_cast<char*>(target.data()), target.size());
    if (size < 0) return io_error("the symlink cannot be read");
    target.resize(static_cast<std::size_t>(size));
    eif::FileNode node{.type = eif::FileNode::Type::kSymlink, .mode = 0777};
    auto holder = std::make_shared<const Bytes>(std::move(target));
    node.data = *holder;
    node.holder = std::move(holder);
    return tree.add(path, std::move(node));
  }

  std::string& where_;
};

}  // namespace

Result<eif::FileTree> read_rootfs(const std::string& directory, std::string& where) {
  const os::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return io_error("the directory cannot be opened");
  RootfsReader reader(where);
  NES_TRY(reader.read(fd, ""));
  return std::move(reader.tree);
}

}  // namespace nes::nitro_enc

// The files of an image, in memory: nothing of an image is ever unpacked to the disk, so that no name or link
// in it can lead anywhere.
//
// Layers are applied as the OCI image specification has it ("Image Layer Filesystem Changeset"): whiteouts
// concern the layers below alone, and a directory that a layer names keeps what it holds. No link is
// followed: a layer whose names lead through a symlink is refused, because builders disagree about where that
// leads.
//
// Thread rule: const functions from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "eif/tar.h"

namespace nes::eif {

struct FileNode {
  enum class Type : std::uint8_t { kFile, kDirectory, kSymlink, kCharacter, kBlock, kFifo };

  Type type = Type::kFile;
  std::uint32_t mode = 0;  // 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  ByteView data{};                        // of a file, or a symlink's target
  std::shared_ptr<const Bytes> holder{};  // of the data
};

// `path` in components, without leading and trailing slashes and `.`; empty for the root itself. kMalformed
// for
// `..` and NUL; kLimit for a path, a component or a depth beyond limits.h.
Result<std::string> normalized_path(std::string_view path);

class FileTree {
 public:
  // Paths are normalized, in the order of their bytes: a directory comes before what it holds. Names of one
  // file share the node. The root is not in it.
  using Entries = std::map<std::string, std::shared_ptr<const FileNode>, std::less<>>;
  const Entries& entries() const noexcept { return entries_; }
  const FileNode& root() const noexcept { return root_; }
  // Null if there is none.
  const FileNode* find(std::string_view path) const noexcept;

  // One layer, unpacked. Errors: read_tar()'s; kMalformed for what leads outside or through a symlink,
  // hardlinks to nothing and names that cannot be. After an error the tree is unspecified, and failed_path()
  // names the entry that was at fault, if it was one.
  Result<void> apply_layer(const std::shared_ptr<const Bytes>& archive);
  // One more entry; directories above it that are not there are made, 0755 and root's. kMalformed and kLimit.
  Result<void> add(std::string_view path, FileNode node);
  const std::string& failed_path() const noexcept { return failed_path_; }

 private:
  Result<void> white_out(const std::vector<TarEntry>& entries, std::vector<std::string>& parents);
  Result<void> apply_entry(const TarEntry& entry, const std::shared_ptr<const Bytes>& archive);
  Result<void> link(const std::string& path, std::string_view target);
  Result<void> put(const std::string& path, std::shared_ptr<const FileNode> node);
  Result<void> make_parents(std::string_view path);
  Result<bool> is_below_directories(std::string_view path) const;
  void remove_below(std::string_view path);
  void remove(std::string_view path);

  Entries entries_;
  FileNode root_{.type = FileNode::Type::kDirectory, .mode = 0755};
  std::uint64_t bytes_ = 0;
  std::string failed_path_;
};

}  // namespace nes::eif

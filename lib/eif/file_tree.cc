#include "eif/file_tree.h"

#include <algorithm>

#include "eif/limits.h"

namespace nes::eif {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kWhiteoutMeta = ".wh..wh.";  // aufs's own files
constexpr std::string_view kOpaque = ".wh..wh..opq";

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "/" + std::string(name);
}

FileNode::Type type_of(TarEntry::Type type) noexcept {
  switch (type) {
    case TarEntry::Type::kDirectory: return FileNode::Type::kDirectory;
    case TarEntry::Type::kSymlink: return FileNode::Type::kSymlink;
    case TarEntry::Type::kCharacter: return FileNode::Type::kCharacter;
    case TarEntry::Type::kBlock: return FileNode::Type::kBlock;
    case TarEntry::Type::kFifo: return FileNode::Type::kFifo;
    default: return FileNode::Type::kFile;
  }
}

}  // namespace

Result<std::string> normalized_path(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return malformed("a name holds a NUL character");
  std::string normalized;
  std::size_t depth = 0;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") return malformed("a name leads upwards");
    if (component.size() > limits::kEifNameBytes || ++depth > limits::kEifPathDepth ||
        normalized.size() + component.size() >= limits::kEifPathBytes)
      return Error{ErrorCode::kLimit, "a name is too long"};
    normalized = join(normalized, component);
  }
  return normalized;
}

const FileNode* FileTree::find(std::string_view path) const noexcept {
  if (path.empty()) return &root_;
  const auto at = entries_.find(path);
  return at == entries_.end() ? nullptr : at->second.get();
}

Result<void> FileTree::apply_layer(const std::shared_ptr<const Bytes>& archive) {
  failed_path_.clear();
  NES_TRY_ASSIGN(const std::vector<TarEntry> entries, read_tar(*archive));
  std::vector<std::string> parents;  // of whiteouts
  NES_TRY(white_out(entries, parents));
  for (const TarEntry& entry : entries) {
    failed_path_ = entry.path;
    NES_TRY(apply_entry(entry, archive));
  }
  // A whiteout below a symlink would hide nothing, and nobody would know.
  for (const std::string& parent : parents) {
    failed_path_ = parent;
    NES_TRY_ASSIGN(const bool is_there, is_below_directories(parent));
    const FileNode* const node = is_there ? find(parent) : nullptr;
    if (node != nullptr && node->type != FileNode::Type::kDirectory)
      return malformed("a whiteout leads through what is no directory");
  }
  failed_path_.clear();
  return {};
}

// Before anything of the layer itself is there, because whiteouts do not concern it.
Result<void> FileTree::white_out(const std::vector<TarEntry>& entries, std::vector<std::string>& parents) {
  for (const TarEntry& entry : entries) {
    failed_path_ = entry.path;
    NES_TRY_ASSIGN(const std::string path, normalized_path(entry.path));
    const std::string_view name = name_of(path);
    if (!name.starts_with(kWhiteout)) continue;
    const std::string parent(parent_of(path));
    if (name == kOpaque) {
      remove_below(parent);
    } else if (!name.starts_with(kWhiteoutMeta)) {
      const std::string_view hidden = name.substr(kWhiteout.size());
      if (hidden.empty() || hidden == "." || hidden == "..") return malformed("a whiteout has no name");
      remove(join(parent, hidden));
    }
    parents.push_back(parent);
  }
  return {};
}

Result<void> FileTree::apply_entry(const TarEntry& entry, const std::shared_ptr<const Bytes>& archive) {
  NES_TRY_ASSIGN(const std::string path, normalized_path(entry.path));
  if (name_of(path).starts_with(kWhiteout)) return {};
  if (entry.type == TarEntry::Type::kHardlink) return link(path, entry.link);
  FileNode node{.type = type_of(entry.type),
                .mode = entry.mode,
                .uid = entry.uid,
                .gid = entry.gid,
                .major = entry.major,
                .minor = entry.minor};
  if (node.type == FileNode::Type::kFile) {
    node.data = entry.data;
    node.holder = archive;
  } else if (node.type == FileNode::Type::kSymlink) {
    auto target = std::make_shared<const Bytes>(entry.link.begin(), entry.link.end());
    node.data = *target;
    node.holder = std::move(target);
    node.mode = 0777;
  }
  return add(path, std::move(node));
}

// The name of a file that is there already, of this layer or one below.
Result<void> FileTree::link(const std::string& path, std::string_view target) {
  NES_TRY_ASSIGN(const std::string to, normalized_path(target));
  const auto found = entries_.find(to);
  if (found == entries_.end()) return malformed("a hardlink's target is not there");
  const std::shared_ptr<const FileNode> node = found->second;
  if (node->type == FileNode::Type::kDirectory) return malformed("a hardlink's target is a directory");
  if (path == to) return malformed("a hardlink leads to itself");
  return put(path, node);
}

Result<void> FileTree::add(std::string_view path, FileNode node) {
  NES_TRY_ASSIGN(const std::string normalized, normalized_path(path));
  if (node.type == FileNode::Type::kSymlink && node.data.size() > limits::kEifSymlinkBytes)
    return Error{ErrorCode::kLimit, "a symlink's target is too long"};
  if (node.data.size() > limits::kEifCpioFileBytes) return Error{ErrorCode::kLimit, "a file is too large"};
  bytes_ += node.data.size();
  if (bytes_ > limits::kEifTreeBytes) return Error{ErrorCode::kLimit, "the image's files are too large"};
  if (normalized.empty()) {
    if (node.type != FileNode::Type::kDirectory) return malformed("the root is no directory");
    root_ = std::move(node);
    return {};
  }
  return put(normalized, std::make_shared<const FileNode>(std::move(node)));
}

Result<void> FileTree::put(const std::string& path, std::shared_ptr<const FileNode> node) {
  if (path.empty()) return malformed("the root is no directory");
  NES_TRY(make_parents(path));
  const auto found = entries_.find(path);
  if (found != entries_.end()) {
    const bool keeps_children = node->type == FileNode::Type::kDirectory;
    if (found->second->type == FileNode::Type::kDirectory && !keeps_children) remove_below(path);
    found->second = std::move(node);
    return {};
  }
  if (entries_.size() >= limits::kEifTreeEntries)
    return Error{ErrorCode::kLimit, "the image has too many files"};
  entries_.emplace(path, std::move(node));
  return {};
}

Result<void> FileTree::make_parents(std::string_view path) {
  const std::string_view parent = parent_of(path);
  NES_TRY_ASSIGN(const bool is_there, is_below_directories(path));
  if (is_there) return {};
  return put(std::string(parent),
             std::make_shared<const FileNode>(FileNode{.type = FileNode::Type::kDirectory, .mode = 0755}));
}

// Whether the parent of `path` is there. kMalformed if something above it is there and no directory.
Result<bool> FileTree::is_below_directories(std::string_view path) const {
  for (std::string_view above = parent_of(path);; above = parent_of(above)) {
    const FileNode* const node = find(above);
    if (node != nullptr && node->type == FileNode::Type::kSymlink)
      return malformed("a name leads through a symlink");
    if (node != nullptr && node->type != FileNode::Type::kDirectory)
      return malformed("a name leads through what is no directory");
    // What is above a directory of the tree is a directory too.
    if (node != nullptr) return above == parent_of(path);
  }
}

void FileTree::remove_below(std::string_view path) {
  if (path.empty()) {
    entries_.clear();
    return;
  }
  const std::string first = std::string(path) + "/";
  const std::string behind = std::string(path) + static_cast<char>('/' + 1);
  entries_.erase(entries_.lower_bound(first), entries_.lower_bound(behind));
}

void FileTree::remove(std::string_view path) {
  remove_below(path);
  if (const auto found = entries_.find(path); found != entries_.end()) entries_.erase(found);
}

}  // namespace nes::eif

#include <map>

#include "eif/container_image.h"
#include "eif/decompress.h"
#include "eif/json_tree.h"
#include "eif/layers.h"
#include "eif/limits.h"
#include "eif/tar.h"

namespace nes::eif {
namespace {

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

// The files of the archive by name. Older versions of docker store a layer that two images share once, and a
// symlink beside it.
class ArchiveFiles {
 public:
  static Result<ArchiveFiles> read(ByteView archive) {
    ArchiveFiles files;
    NES_TRY_ASSIGN(std::vector<TarEntry> entries, read_tar(archive));
    for (TarEntry& entry : entries) {
      NES_TRY_ASSIGN(std::string path, normalized_path(entry.path));
      files.entries_.insert_or_assign(std::move(path), std::move(entry));
    }
    return files;
  }

  Result<ByteView> find(std::string_view name) const {
    NES_TRY_ASSIGN(std::string path, normalized_path(name));
    const TarEntry* entry = at(path);
    if (entry != nullptr && entry->type == TarEntry::Type::kSymlink) entry = at(beside(path, entry->link));
    if (entry == nullptr || entry->type != TarEntry::Type::kFile)
      return Error{ErrorCode::kNotFound, "the archive has no such file"};
    return entry->data;
  }

 private:
  const TarEntry* at(const std::string& path) const {
    const auto found = entries_.find(path);
    return found == entries_.end() ? nullptr : &found->second;
  }

  // `target` as seen from the folder of `path`, within the archive: `..` above the top leads nowhere.
  static std::string beside(std::string_view path, std::string_view target) {
    std::string_view folder = path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/'));
    while (target.starts_with("../")) {
      target.remove_prefix(3);
      if (folder.empty()) return {};
      folder = folder.substr(0, folder.rfind('/') == std::string_view::npos ? 0 : folder.rfind('/'));
    }
    return folder.empty() ? std::string(target) : std::string(folder) + "/" + std::string(target);
  }

  std::map<std::string, TarEntry, std::less<>> entries_;
};

Result<ContainerImage> load(const ArchiveFiles& files, const JsonTree& described, std::string& where) {
  if (!described.is_object()) return malformed("not a list of images");
  NES_TRY_ASSIGN(const std::string config, described.optional_string("Config"));
  NES_TRY_ASSIGN(const std::vector<std::string> layers, described.optional_strings("Layers"));
  NES_TRY_ASSIGN(const std::vector<std::string> tags, described.optional_strings("RepoTags"));
  where = config;
  NES_TRY_ASSIGN(const ByteView json, files.find(config));
  ContainerImage image;
  NES_TRY(set_config(image, json, layers.size()));
  if (!tags.empty()) set_name(image, tags.front());
  LayerStack stack(image, where);
  for (const std::string& layer : layers) {
    where = layer;
    NES_TRY_ASSIGN(const ByteView stored, files.find(layer));
    NES_TRY(stack.apply(Bytes(stored.begin(), stored.end())));
  }
  return image;
}

}  // namespace

Result<ContainerImage> load_docker_archive(Bytes archive, std::string& where) {
  where = "archive";
  NES_TRY_ASSIGN(const Bytes unpacked, decompress(std::move(archive), limits::kEifTreeBytes));
  NES_TRY_ASSIGN(const ArchiveFiles files, ArchiveFiles::read(unpacked));
  where = "manifest.json";
  NES_TRY_ASSIGN(const ByteView text, files.find(where));
  NES_TRY_ASSIGN(const JsonTree manifest, JsonTree::parse(as_text(text)));
  if (manifest.type() != JsonTree::Type::kArray || manifest.items().empty())
    return malformed("not a list of images");
  if (manifest.items().size() > 1) return malformed("the archive has several images; save one");
  return load(files, manifest.items().front(), where);
}

}  // namespace nes::eif

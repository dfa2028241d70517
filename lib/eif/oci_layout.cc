#include <algorithm>

#include "eif/container_image.h"
#include "eif/json_tree.h"
#include "eif/layers.h"
#include "eif/limits.h"

namespace nes::eif {
namespace {

constexpr std::string_view kReference = "org.opencontainers.image.ref.name";
constexpr std::string_view kIndexTypes[] = {"application/vnd.oci.image.index.v1+json",
                                            "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::string_view kLayerTypes[] = {"application/vnd.oci.image.layer.v1.tar",
                                            "application/vnd.oci.image.layer.v1.tar+gzip",
                                            "application/vnd.oci.image.layer.v1.tar+zstd",
                                            "application/vnd.docker.image.rootfs.diff.tar",
                                            "application/vnd.docker.image.rootfs.diff.tar.gzip",
                                            "application/vnd.docker.image.rootfs.diff.tar.zstd"};

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size = 0;
};

Result<Descriptor> parse_descriptor(const JsonTree& json) {
  if (!json.is_object()) return malformed("a descriptor is no object");
  Descriptor descriptor;
  NES_TRY_ASSIGN(descriptor.media_type, json.optional_string("mediaType"));
  NES_TRY_ASSIGN(descriptor.digest, json.optional_string("digest"));
  NES_TRY_ASSIGN(const auto size, json.optional_size("size"));
  if (!is_digest(descriptor.digest)) return malformed("a digest is not sha256: and 64 hex digits");
  if (!size) return malformed("a descriptor has no size");
  descriptor.size = *size;
  return descriptor;
}

class Layout {
 public:
  Layout(const FileSource& source, std::string_view tag, std::string& where) noexcept
      : source_(source), tag_(tag), where_(where) {}

  Result<ContainerImage> load() {
    NES_TRY(check_version());
    where_ = "index.json";
    NES_TRY_ASSIGN(const Bytes index, source_(where_, limits::kEifDocumentBytes));
    NES_TRY_ASSIGN(const JsonTree json, JsonTree::parse(as_text(index)));
    NES_TRY(collect(json, 0, !tag_.empty()));
    where_ = "index.json";
    if (found_.empty()) return Error{ErrorCode::kNotFound, "there is no such image for linux/amd64"};
    const bool is_one = std::ranges::all_of(
        found_, [&](const Candidate& other) { return other.manifest.digest == found_[0].manifest.digest; });
    if (!is_one) return malformed("there are several images; name one with :TAG");
    return load_image(found_.front());
  }

 private:
  struct Candidate {
    Descriptor manifest;
    std::string reference;
  };

  Result<void> check_version() {
    where_ = "oci-layout";
    NES_TRY_ASSIGN(const Bytes text, source_(where_, limits::kEifDocumentBytes));
    NES_TRY_ASSIGN(const JsonTree json, JsonTree::parse(as_text(text)));
    NES_TRY_ASSIGN(const std::string version, json.optional_string("imageLayoutVersion"));
    if (!version.starts_with("1.")) return malformed("not version 1 of the OCI image layout");
    return {};
  }

  Result<Bytes> read_blob(const Descriptor& descriptor) {
    where_ = descriptor.digest;
    if (descriptor.size > limits::kEifTreeBytes) return Error{ErrorCode::kLimit, "the blob is too large"};
    std::string path = "blobs/" + descriptor.digest;
    std::ranges::replace(path, ':', '/');
    NES_TRY_ASSIGN(Bytes blob, source_(path, descriptor.size));
    NES_TRY_ASSIGN(const std::string digest, digest_of(blob));
    if (blob.size() != descriptor.size || digest != descriptor.digest)
      return malformed("the blob is not what its descriptor says: size or digest differ");
    return blob;
  }

  // The images of an index, and of the indexes in it, that are meant.
  Result<void> collect(const JsonTree& index, std::size_t depth, bool asks_for_tag) {
    if (depth > limits::kEifIndexDepth) return Error{ErrorCode::kLimit, "indexes are nested too deeply"};
    NES_TRY_ASSIGN(const JsonTree* manifests, index.optional_array("manifests"));
    if (manifests == nullptr) return malformed("the index has no manifests");
    for (const JsonTree& item : manifests->items()) {
      if (++looked_at_ > limits::kEifManifests)
        return Error{ErrorCode::kLimit, "there are too many manifests"};
      NES_TRY_ASSIGN(Descriptor descriptor, parse_descriptor(item));
      NES_TRY_ASSIGN(const JsonTree* annotations, item.optional_object("annotations"));
      std::string reference;
      if (annotations != nullptr) {
        NES_TRY_ASSIGN(reference, annotations->optional_string(kReference));
      }
      if (asks_for_tag && reference != tag_ && !reference.ends_with(":" + std::string(tag_))) continue;
      NES_TRY_ASSIGN(const bool is_ours, is_for_this_platform(item));
      if (!is_ours) continue;
      if (reference.empty()) reference = tag_;
      NES_TRY(take(std::move(descriptor), std::move(reference), depth));
    }
    return {};
  }

  Result<void> take(Descriptor descriptor, std::string reference, std::size_t depth) {
    if (std::ranges::find(kIndexTypes, descriptor.media_type) == std::end(kIndexTypes)) {
      found_.push_back({std::move(descriptor), std::move(reference)});
      return {};
    }
    if (descriptor.size > limits::kEifDocumentBytes) return Error{ErrorCode::kLimit, "an index is too large"};
    NES_TRY_ASSIGN(const Bytes blob, read_blob(descriptor));
    NES_TRY_ASSIGN(const JsonTree nested, JsonTree::parse(as_text(blob)));
    return collect(nested, depth + 1, false);
  }

  // One that says nothing may be: its configuration will say.
  static Result<bool> is_for_this_platform(const JsonTree& item) {
    NES_TRY_ASSIGN(const JsonTree* platform, item.optional_object("platform"));
    if (platform == nullptr) return true;
    NES_TRY_ASSIGN(const std::string architecture, platform->optional_string("architecture"));
    NES_TRY_ASSIGN(const std::string os, platform->optional_string("os"));
    return architecture == "amd64" && os == "linux";
  }

  Result<ContainerImage> load_image(const Candidate& candidate) {
    if (candidate.manifest.size > limits::kEifDocumentBytes)
      return Error{ErrorCode::kLimit, "the manifest is too large"};
    NES_TRY_ASSIGN(const Bytes blob, read_blob(candidate.manifest));
    NES_TRY_ASSIGN(const JsonTree manifest, JsonTree::parse(as_text(blob)));
    NES_TRY_ASSIGN(const JsonTree* config, manifest.optional_object("config"));
    NES_TRY_ASSIGN(const JsonTree* layers, manifest.optional_array("layers"));
    if (config == nullptr || layers == nullptr) return malformed("not the manifest of an image");
    NES_TRY_ASSIGN(const Descriptor described, parse_descriptor(*config));
    if (described.size > limits::kEifDocumentBytes)
      return Error{ErrorCode::kLimit, "the configuration is too large"};
    NES_TRY_ASSIGN(const Bytes json, read_blob(described));
    ContainerImage image;
    NES_TRY(set_config(image, json, layers->items().size()));
    set_reference(image, candidate.reference);
    LayerStack stack(image, where_);
    for (const JsonTree& item : layers->items()) {
      where_ = "manifest";
      NES_TRY_ASSIGN(const Descriptor layer, parse_descriptor(item));
      if (std::ranges::find(kLayerTypes, layer.media_type) == std::end(kLayerTypes))
        return malformed("a layer is of an unknown media type");
      NES_TRY_ASSIGN(Bytes stored, read_blob(layer));
      NES_TRY(stack.apply(std::move(stored)));
    }
    return image;
  }

  // The annotation is a tag alone, or a whole name.
  static void set_reference(ContainerImage& image, const std::string& reference) {
    set_name(image, reference);
    if (image.tag.empty() && image.name.find('/') == std::string::npos) std::swap(image.name, image.tag);
  }

  const FileSource& source_;
  const std::string_view tag_;
  std::string& where_;
  std::vector<Candidate> found_;
  std::size_t looked_at_ = 0;
};

}  // namespace

Result<ContainerImage> load_oci_layout(const FileSource& source, std::string_view tag, std::string& where) {
  return Layout(source, tag, where).load();
}

}  // namespace nes::eif

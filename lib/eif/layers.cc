#include "eif/layers.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "crypto/sha256.h"
#include "eif/decompress.h"
#include "eif/limits.h"

namespace nes::eif {
namespace {

constexpr std::string_view kSha256 = "sha256:";

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

}  // namespace

bool is_digest(std::string_view text) {
  if (!text.starts_with(kSha256) || text.size() != kSha256.size() + 64) return false;
  return std::ranges::all_of(text.substr(kSha256.size()),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::string> digest_of(ByteView bytes) {
  NES_TRY_ASSIGN(const crypto::Sha256Digest digest, crypto::sha256({bytes}));
  return std::string(kSha256) + base::hex_encode(digest);
}

void set_name(ContainerImage& image, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t slash = text.rfind('/');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  image.name = text.substr(0, has_tag ? colon : text.size());
  image.tag = has_tag ? text.substr(colon + 1) : std::string_view();
}

Result<void> set_config(ContainerImage& image, ByteView json, std::size_t layers) {
  NES_TRY_ASSIGN(image.config, parse_image_config(as_text(json)));
  NES_TRY_ASSIGN(image.config_digest, digest_of(json));
  if (image.config.architecture != "amd64" || image.config.os != "linux")
    return malformed("the image is not for linux/amd64");
  if (layers > limits::kEifLayers) return Error{ErrorCode::kLimit, "the image has too many layers"};
  if (image.config.diff_ids.size() != layers)
    return malformed("the configuration has other layers than the manifest");
  return {};
}

Result<void> LayerStack::apply(Bytes stored) {
  NES_CHECK(applied_ < image_.config.diff_ids.size());
  const std::string name = "layer " + std::to_string(applied_ + 1);
  where_ = name;
  NES_TRY_ASSIGN(Bytes unpacked, decompress(std::move(stored), limits::kEifTreeBytes - bytes_));
  bytes_ += unpacked.size();
  NES_TRY_ASSIGN(const std::string digest, digest_of(unpacked));
  if (digest != image_.config.diff_ids[applied_])
    return malformed("its digest is not that of the configuration (diff_ids)");
  ++applied_;
  const auto applied = image_.files.apply_layer(std::make_shared<const Bytes>(std::move(unpacked)));
  if (!applied.ok() && !image_.files.failed_path().empty()) where_ += ": " + image_.files.failed_path();
  return applied;
}

}  // namespace nes::eif

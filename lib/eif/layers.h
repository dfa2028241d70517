// What both forms of container images have in common: a configuration, and layers that it names by digest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eif/container_image.h"

namespace nes::eif {

// `sha256:` and 64 lower-case hex digits.
bool is_digest(std::string_view text);
Result<std::string> digest_of(ByteView bytes);

// `name` is all of `text` up to the last colon behind the last slash, `tag` what follows it.
void set_name(ContainerImage& image, std::string_view text);

// Sets config and config_digest. kMalformed if the image is not for linux/amd64, or has no digest for a
// layer.
Result<void> set_config(ContainerImage& image, ByteView json, std::size_t layers);

// Unpacks the layers of one image, the lowest first, and checks each against its digest.
class LayerStack {
 public:
  LayerStack(ContainerImage& image, std::string& where) noexcept : image_(image), where_(where) {}

  // The next layer, as it is stored. Every layer of the configuration, once.
  Result<void> apply(Bytes stored);

 private:
  ContainerImage& image_;
  std::string& where_;
  std::size_t applied_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace nes::eif

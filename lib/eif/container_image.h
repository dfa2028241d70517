// Images as other tools leave them: an OCI image layout, and what `docker save` writes. Everything is held in
// memory; no link of an archive is followed on a disk.
//
// Any thread. Where a function takes `where`, it is set to what was looked at when an error is returned, such
// as `layer 2: usr/bin/x`; it may hold any bytes of the image.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "eif/file_tree.h"
#include "eif/image_config.h"

namespace nes::eif {

struct ContainerImage {
  FileTree files;
  ImageConfig config;
  std::string config_digest;  // `sha256:…`
  std::string name;           // by which it was stored; empty if it has none
  std::string tag;
};

// A file of a layout by its path in it, of at most so many bytes. Errors: kNotFound, kLimit, kIo.
using FileSource = std::function<Result<Bytes>(const std::string& path, std::size_t max_bytes)>;

// OCI Image Layout Specification 1.0. `tag` is the annotation org.opencontainers.image.ref.name, or what
// follows the colon in it; empty for the only image. Of an index with platforms it is linux/amd64. Digests
// and sizes of all blobs, and of the layers unpacked, are checked. kNotFound if there is no such image;
// kMalformed, also if there are several; kLimit; and the source's.
Result<ContainerImage> load_oci_layout(const FileSource& source, std::string_view tag, std::string& where);

// `docker save` of one image, compressed or not. Digests of the unpacked layers are checked.
Result<ContainerImage> load_docker_archive(Bytes archive, std::string& where);

}  // namespace nes::eif

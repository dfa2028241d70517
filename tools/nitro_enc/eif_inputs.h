// What `eif build` is given: the parts that boot, and the image that they run. Each function says on `err`
// what is wrong, and then returns no value; `status` is how the program ends.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "eif/container_image.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

struct BootParts {
  Bytes kernel;
  std::string cmdline;  // trimmed
  Bytes init;
  Bytes module;  // of the NSM's driver; empty if the kernel has it
};

// --blobs, else NITRO_CLI_BLOBS, else where AWS's package puts them; each part can be named by itself.
std::optional<BootParts> read_boot_parts(const Arguments& arguments, Context& context, Status& status);

// --rootfs, --oci-layout, --docker-archive or --docker-uri: exactly one.
std::optional<eif::ContainerImage> read_container_image(const Arguments& arguments, Context& context,
                                                        Status& status);

}  // namespace nes::nitro_enc

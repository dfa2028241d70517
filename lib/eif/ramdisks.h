// The two ramdisks of an image: the first is the system's, measured in PCR1; the second the application's,
// PCR2. Any thread.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "eif/file_tree.h"
#include "eif/image_config.h"

namespace nes::eif {

// `init`, `nsm.ko` if `module` is not empty, and the directory `dev`. Whatever the arguments view must live
// on.
Result<Bytes> system_ramdisk(ByteView init, ByteView module);

// The files below `rootfs/`, `cmd` and `env`, and of an image that names them `user` and `workdir`. The
// directories that an init mounts at are made where they are not there: AWS's does not make them. Errors are
// those of image_config.h and cpio.h.
Result<Bytes> application_ramdisk(const FileTree& files, const ImageConfig& config);

}  // namespace nes::eif

// What is mounted, as data, and the files of the initramfs.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace nes::init {

struct Mount {
  const char* type;
  const char* target;  // made if it is not there
  unsigned long flags;
  const char* options;
};

// What a program expects to find, in order.
std::span<const Mount> program_mounts();

// The devices, at /dev of the initramfs. kIo with errno as position, as everything here.
Result<void> mount_devices();
// Makes /rootfs, with the devices, the root.
Result<void> enter_root();
// All of program_mounts().
Result<void> mount_all();

// The content of a file, which is gone afterwards; nothing if there is none. kLimit over
// limits::kInitFileBytes.
Result<std::optional<std::string>> take_file(const char* path);

}  // namespace nes::init

// Files as the emulator keeps them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nes::aws_emulator {

// Makes the directory and those above it where there are none. kIo with errno as position, as below.
Result<void> make_directories(const std::string& path, mode_t mode);

// The whole of a regular file; nothing if there is none of this name. kLimit if it has more than `max_bytes`.
Result<std::optional<std::string>> read_file(const std::string& path, std::size_t max_bytes);

// Replaces or makes `path` by way of `draft`, a path on the same file system: synced before it takes the
// name, so that a crash leaves the old content or the new.
Result<void> replace_file(const std::string& path, const std::string& draft, std::string_view content,
                          mode_t mode);

}  // namespace nes::aws_emulator

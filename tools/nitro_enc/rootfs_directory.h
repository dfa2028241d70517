// A directory of the operator's machine as the files of an image.
#pragma once

#include <string>

#include "base/result.h"
#include "eif/file_tree.h"

namespace nes::nitro_enc {

// The same content gives the same tree, whoever holds it and with whatever umask it was made: everything is
// root's; directories are 0755, or 1777 if they are sticky; files are 0755 if anybody may execute them, else
// 0644, and keep set-id bits; several names of one file are several files. Links are not followed. kMalformed
// for anything but directories, files and symlinks; kIo with errno; kLimit. `where` is then the path below
// the directory.
Result<eif::FileTree> read_rootfs(const std::string& directory, std::string& where);

}  // namespace nes::nitro_enc

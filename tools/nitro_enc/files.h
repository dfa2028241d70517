// Files of the operator's machine.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret.h"

namespace nes::nitro_enc {

// The whole content of a file, or of whatever else `path` is. kNotFound if there is none; kLimit if it is
// longer than `max_bytes`; kIo with errno as position.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);
Result<Bytes> read_bytes(const std::string& path, std::size_t max_bytes);
// The rest of an open file.
Result<Bytes> read_bytes(int fd, std::size_t max_bytes);
// The same for a secret. The file must be readable by its owner alone: kNotAllowed.
Result<secret::SecretBytes> read_secret_file(const std::string& path, std::size_t max_bytes);

// Writes a new file beside `path` and renames it into its place, so that a reader sees the old content or the
// new. kIo with errno as position.
Result<void> replace_file(const std::string& path, std::string_view content);
// Writes a new file in the open directory. kNotAllowed if there is something of that name already; a link is
// not followed. kIo with errno as position.
Result<void> create_file_at(int directory, const std::string& name, ByteView content);
// Writes a file that only its owner may read. kNotAllowed if `path` is there already: it is left as it is.
// kIo with errno as position.
Result<void> create_secret_file(const std::string& path, const secret::SecretBytes& content);

}  // namespace nes::nitro_enc

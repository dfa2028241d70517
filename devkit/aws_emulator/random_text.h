// Names that the emulator makes up.
#pragma once

#include <string>
#include <string_view>

namespace nes::aws_emulator {

// `size` characters of `alphabet`, evenly drawn. `alphabet` has 1 to 256 characters, else the process ends.
std::string random_text(std::string_view alphabet, std::size_t size);
// A random UUID (RFC 9562 section 5.4), as AWS's request ids are.
std::string random_uuid();

}  // namespace nes::aws_emulator

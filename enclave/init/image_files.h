// The files by which an image says what to run, at the root of the initramfs: `cmd` and `env` as every EIF
// has them (one entry a line, no quoting), and of images that our builder made also `user` (`UID:GID`) and
// `workdir` (an absolute path). They are measured with the image; they are read strictly all the same, so
// that what was built by mistake does not run as something else.
//
// All functions are pure. Errors: kMalformed or kLimit with the number of the line, from 1, as position.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::init {

// `text` in lines, each ended by LF but for the last, which may be. At least one, the first not empty: it is
// the program. Later ones may be empty: they are arguments. No NUL.
Result<std::vector<std::string>> parse_command(std::string_view text);

// Lines `NAME=value`, none for an empty text. NAME is not empty and is there once: of two, programs would see
// either. No NUL.
Result<std::vector<std::string>> parse_environment(std::string_view text);

struct User {
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const User&, const User&) = default;
};
// `UID:GID` in decimal, without leading zeros, with or without LF. The largest number means "no id" to the
// kernel and is refused.
Result<User> parse_user(std::string_view text);

// An absolute path of one line, with or without LF. No NUL.
Result<std::string> parse_directory(std::string_view text);

// The value of a variable, if it is there and not empty: Docker bakes an unset build argument as an empty
// one.
std::optional<std::string_view> variable(const std::vector<std::string>& environment, std::string_view name);

// Whether ENCLAVE_INIT_LO asks for the loopback interface: `1` does. kMalformed for any other value.
Result<bool> wants_loopback(const std::vector<std::string>& environment);

}  // namespace nes::init

// What an image says to run: the configuration of the OCI image specification, as far as an enclave heeds it.
// All functions are pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eif/file_tree.h"

namespace nes::eif {

struct ImageConfig {
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::vector<std::string> environment{};  // NAME=value
  std::string user{};                      // as the image has it: a name or a number, and a group behind `:`
  std::string directory{};
  std::string architecture{};
  std::string os{};
  std::vector<std::string> diff_ids{};  // of the layers, unpacked, the lowest first

  // ENTRYPOINT, then CMD, as Docker joins them.
  std::vector<std::string> joined_command() const;
};

// Of the JSON of a configuration. kMalformed, kLimit.
Result<ImageConfig> parse_image_config(std::string_view json);

// The files at the root of the second ramdisk that say what to run (enclave/init/image_files.h). kMalformed
// if there is no program, for what a line cannot hold (LF, NUL), and for a variable that is no NAME=value; of
// a variable that is there twice the last counts, as in Docker.
Result<std::string> command_file(const ImageConfig& config);
Result<std::string> environment_file(const ImageConfig& config);
// `UID:GID`, by the image's own etc/passwd and etc/group; empty if the image names no user. kNotFound if they
// have no such user or group. A number that etc/passwd does not know has group 0, as in Docker.
Result<std::string> user_file(const ImageConfig& config, const FileTree& files);
// An absolute path; empty if the image names none. A relative one counts from `/`.
Result<std::string> directory_file(const ImageConfig& config);

}  // namespace nes::eif

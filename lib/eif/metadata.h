// The metadata section: what an image is called and how it was built. It is JSON, and no PCR covers it:
// whoever has the file may write there what he likes. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "eif/json_tree.h"

namespace nes::eif {

struct Metadata {
  std::string name{};
  std::string version{};
  std::int64_t build_time_s = 0;  // since 1970
  std::string tool{};
  std::string tool_version{};
  std::string operating_system{};
  std::string kernel_version{};
  std::string image_json = "{}";   // DockerInfo: one JSON object
  std::string custom_json = "{}";  // CustomMetadata: one JSON object
};

// Compact, in AWS's order of members.
std::string write_metadata(const Metadata& metadata);

// An object; what is in it is the reader's business. kMalformed, kLimit.
Result<JsonTree> parse_metadata(ByteView section);

// The text that a bzImage has of its version (Linux, Documentation/arch/x86/boot.rst, kernel_version), up to
// the first space; `unknown` if it has none.
std::string kernel_version_of(ByteView kernel);

}  // namespace nes::eif

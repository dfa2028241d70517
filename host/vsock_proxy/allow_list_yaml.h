// The YAML of an allow-list, as far as its format goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::vsock_proxy {

struct YamlEntry {
  std::string address;
  std::string port;
  std::uint64_t line = 0;  // 1-based
};

// One document: a mapping of `allowlist` to a list of mappings of `address` and `port`, each once. Anything
// else, anchors, aliases and tags included, is kMalformed with its line as position; kLimit for a file that
// is too large.
Result<std::vector<YamlEntry>> read_allow_list(std::string_view yaml);

}  // namespace nes::vsock_proxy

// The settings of each command as what they mean. A value that cannot be meant is told by its name.
//
// Thread rule: immutable.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "host/vsock_proxy/egress.h"
#include "host/vsock_proxy/ingress.h"
#include "host/vsock_proxy/options.h"
#include "host/vsock_proxy/report.h"

namespace nes::vsock_proxy {

struct Configuration {
  Level level = Level::kInfo;
  os::Endpoint admin;  // port 0 of the setting: has_admin is false
  bool has_admin = false;
  std::int64_t drain_ms = 0;
  Ingress::Options ingress;
  Egress::Options egress;
  std::string allow_list_file;
  os::Endpoint health;  // ingress, probe, drain
  os::Endpoint logs;
  std::optional<std::uint32_t> allowed_cid;
  std::uint64_t lines_per_second = 0;
  std::string path;
  std::int64_t timeout_ms = 0;
};

std::variant<Configuration, UsageError> configure(const Options& options,
                                                  const Options::Environment& environment);

// The allow-list of a file. The message names the file and the line.
std::variant<AllowList, UsageError> read_allow_list_file(const std::string& path);

}  // namespace nes::vsock_proxy

// What `enclave-dev` is configured with beside config.h: stand-ins for the parent, the NSM and AWS. A library
// of its own, so that the production binary, which does not link it, has no switch that weakens it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "enclave/config/config.h"
#include "enclave/config/url.h"
#include "os/endpoint.h"

namespace nes::config {

// Whatever is not set is as in production.
struct DevConfig {
  std::optional<os::Endpoint> listen;  // TCP or Unix socket; the health port listens on its host
  std::optional<os::Endpoint> parent;  // TCP or Unix socket, port 0: the ports are those of vsock
  std::optional<std::string> nsm_socket;
  std::optional<Url> aws_endpoint;  // http or https, without a path
  std::optional<std::string> ca_file;
  std::optional<std::string> key_dir;
  std::optional<std::string> schema_dir;
};

std::span<const VariableInfo> dev_variables();

// As parse() of config.h.
std::variant<DevConfig, ConfigErrors> parse_dev(const Environment& environment);

}  // namespace nes::config

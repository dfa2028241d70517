#include "enclave/config/dev_config.h"

#include <vector>

#include "enclave/config/values.h"

namespace nes::config {
namespace {

constexpr std::size_t kPathBytes = 4'095;      // PATH_MAX without its NUL
constexpr std::size_t kSocketPathBytes = 107;  // sun_path without its NUL

Value<os::Endpoint> parse_listen(std::string_view text) {
  const auto endpoint = os::parse_endpoint(text);
  if (!endpoint.ok() || endpoint->transport == os::Transport::kVsock) return Rejection{};
  return *endpoint;
}

// An endpoint that lacks its port.
Value<os::Endpoint> parse_parent(std::string_view text) { return parse_listen(std::string(text) + ":0"); }

Value<Url> parse_aws_endpoint(std::string_view text) {
  Value<Url> url = parse_url(text);
  const Url* parsed = std::get_if<Url>(&url);
  const bool has_path = parsed && !parsed->path.empty() && parsed->path != "/";
  if (parsed && (parsed->scheme == UrlScheme::kVsock || has_path)) return Rejection{};
  return url;
}

template <std::optional<std::string> DevConfig::*kMember, std::size_t kMaxBytes>
std::optional<Rejection> path(std::string_view text, DevConfig& config) {
  return assign(parse_path(text, kMaxBytes), config.*kMember);
}

constexpr std::string_view kPath = "a path of at most 4095 bytes without control characters";

constexpr Variable<DevConfig> kTable[] = {
    {{.name = "DEV_LISTEN",
      .default_note = "vsock, TLS_PORT",
      .accepts = "tcp:HOST:PORT or uds:PATH:PORT",
      .meaning = "where clients are served; the health port listens on the same host or path"},
     [](std::string_view text, DevConfig& config) { return assign(parse_listen(text), config.listen); }},
    {{.name = "DEV_PARENT",
      .default_note = "vsock, VSOCK_PROXY_CID",
      .accepts = "tcp:HOST or uds:PATH",
      .meaning = "stands for the parent, with the same ports"},
     [](std::string_view text, DevConfig& config) { return assign(parse_parent(text), config.parent); }},
    {{.name = "DEV_NSM_SOCKET",
      .default_note = "/dev/nsm",
      .accepts = "a path of at most 107 bytes without control characters",
      .meaning = "the Unix socket of the NSM emulator"},
     path<&DevConfig::nsm_socket, kSocketPathBytes>},
    {{.name = "DEV_AWS_ENDPOINT",
      .default_note = "AWS",
      .accepts = "http://HOST[:PORT] or https://HOST[:PORT]",
      .meaning = "the AWS emulator, for every service"},
     [](std::string_view text, DevConfig& config) {
       return assign(parse_aws_endpoint(text), config.aws_endpoint);
     }},
    {{.name = "DEV_CA_FILE",
      .default_note = "the image's bundle",
      .accepts = kPath,
      .meaning = "the authorities that remotes are verified against, PEM"},
     path<&DevConfig::ca_file, kPathBytes>},
    {{.name = "DEV_KEY_DIR",
      .default_note = "Secrets Manager and KMS",
      .accepts = kPath,
      .meaning = "a folder to take data encryption keys from, instead of SECRET_ARN"},
     path<&DevConfig::key_dir, kPathBytes>},
    {{.name = "DEV_SCHEMA_DIR",
      .default_note = "S3",
      .accepts = kPath,
      .meaning = "a folder to take schemas from, instead of S3_BUCKET"},
     path<&DevConfig::schema_dir, kPathBytes>},
};

}  // namespace

std::span<const VariableInfo> dev_variables() {
  static const std::vector<VariableInfo> all = [] {
    std::vector<VariableInfo> rows;
    for (const auto& row : kTable) rows.push_back(row.info);
    return rows;
  }();
  return all;
}

std::variant<DevConfig, ConfigErrors> parse_dev(const Environment& environment) {
  DevConfig config;
  ConfigErrors errors;
  apply_table<DevConfig>(kTable, environment, config, errors);
  if (!errors.empty()) return errors;
  return config;
}

}  // namespace nes::config

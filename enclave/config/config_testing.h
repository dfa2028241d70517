// For the tests of this folder: environments as maps, errors as text.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "enclave/config/config.h"

namespace nes::config {

using Variables = std::map<std::string, std::string, std::less<>>;

inline Environment environment_of(const Variables& variables) {
  return [&variables](std::string_view name) -> std::optional<std::string_view> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

inline constexpr std::string_view kSecretArn =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:nitro/dek-AbCdEf";
inline constexpr std::string_view kKeyId = "1234abcd-12ab-34cd-56ef-1234567890ab";

// The five required variables, and `more`.
inline Variables with(const Variables& more) {
  Variables all = more;
  all.insert({{"SECRET_ARN", std::string(kSecretArn)},
              {"KMS_KEY_ID", std::string(kKeyId)},
              {"S3_BUCKET", "my-schema-bucket"},
              {"VSOCK_PROXY_CID", "3"},
              {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"}});
  return all;
}

inline constexpr Machine kMachine = {.memory_bytes = std::uint64_t{512} << 20, .vcpus = 2};

inline std::string render(const ConfigErrors& errors) {
  std::string text;
  for (const ConfigError& error : errors) text += error.render() + "\n";
  return text;
}

// The errors a line each; "" if there is none.
inline std::string errors_of(const Variables& variables) {
  const auto parsed = parse(environment_of(variables), kMachine);
  const auto* errors = std::get_if<ConfigErrors>(&parsed);
  return errors ? render(*errors) : "";
}

}  // namespace nes::config

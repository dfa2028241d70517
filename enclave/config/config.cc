#include "enclave/config/config.h"

#include <algorithm>
#include <string_view>

#include "enclave/config/draft.h"

namespace nes::config {
namespace {

constexpr std::uint32_t kProxyPorts = 5;  // VSOCK_PROXY_MODE=ports: the proxy's port and the four after it
constexpr std::size_t kMaxWorkerThreads = 256;

const VariableInfo& info_of(std::string_view name) {
  const auto all = variables();
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const VariableInfo& info) { return info.name == name; });
  NES_CHECK(found != all.end());
  return *found;
}

// Rules that tie several variables together. A rule is judged only if each of its variables was accepted by
// itself, so no variable is reported twice.
class Rules {
 public:
  Rules(const Environment& environment, const Config& config, ConfigErrors& errors)
      : environment_(environment), config_(config), errors_(errors) {}

  void judge() {
    ports();
    clients("ENCRYPT_CLIENTS", config_.encrypt_clients);
    clients("DECRYPT_CLIENTS", config_.decrypt_clients);
    signing();
    sizes();
    batches("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE", config_.telemetry.spans);
    batches("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE", config_.telemetry.log_records);
  }

 private:
  void ports() {
    const bool many = config_.vsock_proxy_mode == VsockProxyMode::kPorts;
    const std::uint32_t first = config_.vsock_proxy_port;
    const std::uint32_t more = many ? kProxyPorts - 1 : 0;
    if (accepted({"VSOCK_PROXY_PORT", "VSOCK_PROXY_MODE"}) && first > kMaxVsockPort - more) {
      refuse("VSOCK_PROXY_PORT", "must leave room for four more ports with VSOCK_PROXY_MODE=ports");
    }
    if (accepted({"VSOCK_PROXY_PORT", "VSOCK_PROXY_MODE", "LOG_VSOCK_PORT"}) &&
        config_.log_vsock_port >= first && config_.log_vsock_port - first <= more) {
      refuse("LOG_VSOCK_PORT", "must not be a port of the egress proxy, which is on the parent too");
    }
    if (accepted({"TLS_PORT", "HEALTH_VSOCK_PORT"}) && config_.health_vsock_port == config_.tls_port) {
      refuse("HEALTH_VSOCK_PORT", "must not be TLS_PORT");
    }
  }

  void clients(std::string_view name, const ClientPatterns& patterns) {
    if (accepted({name, "TLS_CLIENT_CA_B64"}) && patterns.kind() == ClientPatterns::Kind::kList &&
        !config_.tls_client_ca_pem) {
      refuse(name, "names clients, which needs TLS_CLIENT_CA_B64");
    }
  }

  // A floor that nothing enforces would pass for protection.
  void signing() {
    if (accepted({"SCHEMA_PUBLIC_KEY", "SCHEMA_MIN_VERSION"}) && config_.schema_min_version > 0 &&
        !config_.schema_public_key) {
      refuse("SCHEMA_MIN_VERSION", "needs SCHEMA_PUBLIC_KEY: unsigned schemas have no version");
    }
  }

  void sizes() {
    if (accepted({"MAX_BODY_BYTES", "MAX_INFLIGHT_BYTES"}) &&
        config_.max_inflight_bytes / 2 < config_.max_body_bytes) {
      refuse("MAX_INFLIGHT_BYTES", "must be at least twice MAX_BODY_BYTES",
             "a quarter of memory, " + std::to_string(config_.max_inflight_bytes));
    }
  }

  void batches(std::string_view batch, std::string_view queue, const BatchProcessor& processor) {
    if (accepted({batch, queue}) && processor.max_export_batch_size > processor.max_queue_size) {
      refuse(batch, "must be at most " + std::string(queue));
    }
  }

  bool accepted(std::initializer_list<std::string_view> names) const {
    return std::none_of(errors_.begin(), errors_.end(), [names](const ConfigError& error) {
      return std::find(names.begin(), names.end(), error.variable) != names.end();
    });
  }

  // `unset` is what the error shows for a variable that is not set; nothing for its default value.
  void refuse(std::string_view name, std::string what, std::string unset = {}) {
    const VariableInfo& info = info_of(name);
    const auto text = lookup(environment_, name);
    if (unset.empty()) unset = info.default_value;
    errors_.push_back({info.name, std::move(what), text ? show_value(*text, info.sensitive) : unset});
  }

  const Environment& environment_;
  const Config& config_;
  ConfigErrors& errors_;
};

// What does not depend on whether other variables were accepted.
void resolve_defaults(const Machine& machine, Draft& draft) {
  Config& config = draft.config;
  config.aws_region = draft.aws_region.value_or(config.secret_arn.region);
  config.max_inflight_bytes = draft.max_inflight_bytes.value_or(machine.memory_bytes / 4);
  config.worker_threads =
      draft.worker_threads.value_or(std::clamp<std::size_t>(machine.vcpus, 1, kMaxWorkerThreads));
}

void sort_by_table(ConfigErrors& errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const ConfigError& a, const ConfigError& b) {
    return &info_of(a.variable) < &info_of(b.variable);
  });
}

}  // namespace

std::span<const VariableInfo> variables() {
  static const std::vector<VariableInfo> all = [] {
    std::vector<VariableInfo> rows;
    for (const auto table : {service_table(), telemetry_table()}) {
      for (const Variable<Draft>& row : table) rows.push_back(row.info);
    }
    return rows;
  }();
  return all;
}

std::variant<Config, ConfigErrors> parse(const Environment& environment, const Machine& machine) {
  Draft draft;
  ConfigErrors errors;
  apply_table(service_table(), environment, draft, errors);
  apply_table(telemetry_table(), environment, draft, errors);
  resolve_defaults(machine, draft);
  Rules(environment, draft.config, errors).judge();
  if (!errors.empty()) {
    sort_by_table(errors);
    return errors;
  }
  draft.config.telemetry = resolve_telemetry(draft);
  return std::move(draft.config);
}

}  // namespace nes::config

// enclave-dev: the service for development and tests. What only it can do, enclave/main.cc has no switch for.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <variant>

#include "attest/nsm_device.h"
#include "crypto/initialize.h"
#include "enclave/config/dev_config.h"
#include "enclave/dev/directories.h"
#include "enclave/dev/nsm_socket.h"
#include "enclave/dev/syscalls.h"
#include "enclave/service/cloud.h"
#include "enclave/service/counted_nsm.h"
#include "enclave/service/program.h"
#include "enclave/service/service.h"

namespace {

using nes::Result;
using nes::config::Config;
using nes::config::ConfigErrors;
using nes::config::DevConfig;

// Null if there is none and none is needed: keys from a folder need no attestation.
Result<std::unique_ptr<nes::attest::Nsm>> open_nsm(const DevConfig& dev) {
  std::unique_ptr<nes::attest::Nsm> nsm;
  if (dev.nsm_socket) {
    nsm = std::make_unique<nes::dev::NsmSocket>(*dev.nsm_socket);
  } else {
    auto device = nes::attest::NsmDevice::open();
    if (!device.ok() && dev.key_dir) return nsm;
    if (!device.ok()) return device.error();
    nsm = std::move(device).value();
  }
  NES_TRY(nes::attest::check_measured(*nsm));
  return nsm;
}

// Null if both keys and schemas come from folders.
Result<std::unique_ptr<nes::service::Cloud>> open_cloud(const Config& config, const DevConfig& dev,
                                                        nes::attest::Nsm* nsm, const nes::Clock& clock,
                                                        nes::telemetry::CounterShard& kms_counters) {
  if (dev.key_dir && dev.schema_dir && !config.tls_secret_arn) return std::unique_ptr<nes::service::Cloud>();
  nes::service::Cloud::Options options;
  options.parent = dev.parent.value_or(nes::os::Endpoint{
      .transport = nes::os::Transport::kVsock, .host = {}, .cid = config.vsock_proxy_cid, .port = 0});
  if (dev.aws_endpoint)
    options.endpoint = nes::aws::Address{.tls = dev.aws_endpoint->scheme == nes::config::UrlScheme::kHttps,
                                         .host = dev.aws_endpoint->host,
                                         .port = static_cast<std::uint16_t>(dev.aws_endpoint->port)};
  NES_TRY_ASSIGN(options.ca_pem,
                 nes::service::read_text_file(dev.ca_file.value_or(nes::service::kCaBundlePath),
                                              nes::limits::kCaBundleBytes));
  options.on_kms_call = [&kms_counters](std::int64_t us) {
    kms_counters.observe(nes::telemetry::Histogram::kKms, us);
  };
  return nes::service::Cloud::create(config, options, nsm, clock);
}

int serve(const Config& config, const DevConfig& dev) {
  const nes::base::SystemClock clock;
  const auto locked = nes::service::lock_memory();
  const auto nsm = open_nsm(dev);
  const nes::os::Endpoint tls_endpoint = dev.listen.value_or(nes::service::vsock_listener(config.tls_port));
  const nes::os::Endpoint health_endpoint = dev.listen
                                                ? nes::os::with_port(*dev.listen, config.health_vsock_port)
                                                : nes::service::vsock_listener(config.health_vsock_port);
  auto tls_socket = nes::os::bind_to(tls_endpoint);
  auto health_socket = nes::os::bind_to(health_endpoint);
  const auto filtered = nes::dev::allow_only_dev_syscalls();  // while there is one thread
  const auto log_records = dev.parent ? nes::service::log_records_of(config) : nullptr;
  nes::telemetry::Log log(clock, nes::service::level_of(config.log_level), STDOUT_FILENO, log_records);
  log.write(nes::telemetry::ServiceStarting{.version = NES_VERSION, .worker_threads = config.worker_threads});
  const auto failed = [&log](nes::base::StaticText step, const nes::Error& error) {
    log.write(nes::telemetry::StepFailed{.step = step, .error = error, .retry_in_ms = 0});
    return 1;
  };
  if (!locked.ok()) log.write(nes::telemetry::MemoryNotLocked{.error = locked.error()});
  if (!health_socket.ok()) return failed("health listener", health_socket.error());
  if (!tls_socket.ok()) return failed("listener", tls_socket.error());
  if (!filtered.ok()) return failed("system calls", filtered.error());
  if (!nsm.ok()) return failed("nsm", nsm.error());
  nes::telemetry::CounterRegistry counters;
  std::optional<nes::service::CountedNsm> counted_nsm;
  if (*nsm != nullptr) counted_nsm.emplace(**nsm, counters.add_shard());
  nes::attest::Nsm* const used_nsm = counted_nsm ? &*counted_nsm : nullptr;
  const auto cloud = open_cloud(config, dev, used_nsm, clock, counters.add_shard());
  if (!cloud.ok()) return failed("ca bundle", cloud.error());

  std::string ca_pem;  // of a collector elsewhere, if there is one
  if (auto read = nes::service::read_text_file(dev.ca_file.value_or(nes::service::kCaBundlePath),
                                               nes::limits::kCaBundleBytes);
      read.ok())
    ca_pem = std::move(read).value();
  nes::dev::DirectoryKeySource key_folder(dev.key_dir.value_or(""));
  nes::dev::DirectorySchemaSource schema_folder(dev.schema_dir.value_or(""));
  nes::service::BootCertificate boot_certificate(nes::service::server_names(config), used_nsm, clock);
  nes::service::Cloud* const aws = cloud->get();
  nes::service::Surroundings surroundings{
      .key_source = dev.key_dir ? key_folder : aws->keys(),
      .schema_source = dev.schema_dir ? schema_folder : aws->schemas(),
      .certificate_source = config.tls_secret_arn ? aws->certificate() : boot_certificate,
      .refresh_credentials = [aws] { return aws ? aws->refresh_credentials() : Result<void>(); },
      .interrupt =
          [aws] {
            if (aws) aws->interrupt();
          },
      .nsm = used_nsm,
      .tls_endpoint = tls_endpoint,
      .health_endpoint = health_endpoint,
      .tls_socket = std::make_shared<const nes::os::UniqueFd>(std::move(tls_socket).value()),
      .health_socket = std::make_shared<const nes::os::UniqueFd>(std::move(health_socket).value()),
      .counters = counters,
      .parent = dev.parent,
      .ca_pem = std::move(ca_pem),
      .version = NES_VERSION,
      .log_records = log_records};
  nes::service::Service service(config, std::move(surroundings), clock, log);
  return service.run();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--version") {
    std::puts("enclave-dev " NES_VERSION);
    return 0;
  }
  if (argument == "--help") {
    std::puts(
        "enclave-dev: field-level encryption of JSON, for development. Configured by the environment:\n");
    nes::service::print_variables(nes::config::variables());
    nes::service::print_variables(nes::config::dev_variables());
    return 0;
  }
  if (argc != 1) {
    std::fputs("usage: enclave-dev [--help | --version]\n", stderr);
    return 2;
  }
  nes::service::harden_process();
  nes::service::keep_freed_memory();
  const auto config = nes::config::parse(nes::service::environment, nes::service::machine());
  const auto dev = nes::config::parse_dev(nes::service::environment);
  if (const auto* errors = std::get_if<ConfigErrors>(&config)) nes::service::print_errors(*errors);
  if (const auto* errors = std::get_if<ConfigErrors>(&dev)) nes::service::print_errors(*errors);
  if (std::holds_alternative<ConfigErrors>(config) || std::holds_alternative<ConfigErrors>(dev)) return 1;
  if (!nes::crypto::initialize().ok()) {
    std::fputs("enclave-dev: the cryptographic library does not start\n", stderr);
    return 1;
  }
  return serve(*std::get_if<Config>(&config), *std::get_if<DevConfig>(&dev));
}

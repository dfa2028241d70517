// enclave-dev: the service for development and tests. Not for production: its keys come from files.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/initialize.h"
#include "enclave/config/config.h"
#include "enclave/config/dev_config.h"
#include "enclave/dev/directories.h"
#include "enclave/service/service.h"

namespace {

using nes::config::Config;
using nes::config::ConfigErrors;
using nes::config::DevConfig;

std::optional<std::string_view> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(value);
}

void print_variables(std::span<const nes::config::VariableInfo> variables) {
  for (const auto& variable : variables) {
    const std::string_view otherwise = variable.required                ? "required"
                                       : variable.default_value.empty() ? variable.default_note
                                                                        : variable.default_value;
    std::printf("  %.*s (%.*s)\n      %.*s\n", static_cast<int>(variable.name.size()), variable.name.data(),
                static_cast<int>(otherwise.size()), otherwise.data(),
                static_cast<int>(variable.meaning.size()), variable.meaning.data());
  }
}

void print_errors(const ConfigErrors& errors) {
  for (const auto& error : errors) std::fprintf(stderr, "%s\n", error.render().c_str());
}

nes::config::Machine machine() {
  return {.memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
          .vcpus = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN))};
}

// Keys and plaintext must not reach a core file, and a broken pipe is an error like any other.
void harden_process() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

nes::telemetry::Level level_of(nes::config::LogLevel level) {
  switch (level) {
    case nes::config::LogLevel::kError: return nes::telemetry::Level::kError;
    case nes::config::LogLevel::kWarn: return nes::telemetry::Level::kWarn;
    case nes::config::LogLevel::kInfo: return nes::telemetry::Level::kInfo;
    case nes::config::LogLevel::kDebug: return nes::telemetry::Level::kDebug;
    case nes::config::LogLevel::kTrace: return nes::telemetry::Level::kTrace;
  }
  return nes::telemetry::Level::kInfo;
}

nes::os::Endpoint vsock_listener(std::uint32_t port) {
  return {.transport = nes::os::Transport::kVsock, .host = {}, .cid = nes::os::kAnyCid, .port = port};
}

int serve(const Config& config, const DevConfig& dev) {
  const nes::base::SystemClock clock;
  nes::telemetry::Log log(clock, level_of(config.log_level), STDOUT_FILENO);
  nes::dev::DirectoryKeySource keys(*dev.key_dir);
  nes::dev::DirectorySchemaSource schemas(*dev.schema_dir);
  const nes::service::Surroundings surroundings{
      .key_source = keys,
      .schema_source = schemas,
      .tls_endpoint = dev.listen.value_or(vsock_listener(config.tls_port)),
      .health_endpoint = dev.listen ? nes::os::with_port(*dev.listen, config.health_vsock_port)
                                    : vsock_listener(config.health_vsock_port)};
  log.write(nes::telemetry::ServiceStarting{.version = NES_VERSION, .worker_threads = config.worker_threads});
  nes::service::Service service(config, surroundings, clock, log);
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
    print_variables(nes::config::variables());
    print_variables(nes::config::dev_variables());
    return 0;
  }
  if (argc != 1) {
    std::fputs("usage: enclave-dev [--help | --version]\n", stderr);
    return 2;
  }
  harden_process();
  const auto config = nes::config::parse(environment, machine());
  const auto dev = nes::config::parse_dev(environment);
  if (const auto* errors = std::get_if<ConfigErrors>(&config)) print_errors(*errors);
  if (const auto* errors = std::get_if<ConfigErrors>(&dev)) print_errors(*errors);
  if (std::holds_alternative<ConfigErrors>(config) || std::holds_alternative<ConfigErrors>(dev)) return 1;
  const auto& dev_config = *std::get_if<DevConfig>(&dev);
  for (const auto& [name, value] :
       {std::pair("DEV_KEY_DIR", &dev_config.key_dir), std::pair("DEV_SCHEMA_DIR", &dev_config.schema_dir)})
    if (!*value) {
      std::fprintf(stderr, "config: %s: is required (got: nothing)\n", name);
      return 1;
    }
  if (!nes::crypto::initialize().ok()) {
    std::fputs("enclave-dev: the cryptographic library does not start\n", stderr);
    return 1;
  }
  return serve(*std::get_if<Config>(&config), dev_config);
}

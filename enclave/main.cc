// enclave: the service, as it is measured. Its keys are KMS's, released to this image alone; there is no
// other way to give it any.
#include <cstdio>
#include <memory>
#include <variant>

#include "crypto/initialize.h"
#include "enclave/service/cloud.h"
#include "enclave/service/prepare.h"
#include "enclave/service/program.h"
#include "enclave/service/service.h"

namespace {

using nes::config::Config;
using nes::config::ConfigErrors;

int serve(const Config& config) {
  const nes::base::SystemClock clock;
  auto outcome = nes::service::prepare(config);
  const nes::os::Endpoint parent{
      .transport = nes::os::Transport::kVsock, .host = {}, .cid = config.vsock_proxy_cid, .port = 0};
  nes::telemetry::Log log(clock, nes::service::level_of(config.log_level),
                          nes::telemetry::sink_to(nes::os::with_port(parent, config.log_vsock_port), clock));
  log.write(nes::telemetry::ServiceStarting{.version = NES_VERSION, .worker_threads = config.worker_threads});
  // On the console too: an enclave in debug mode has one, and need not have a receiver of its log.
  const auto failed = [&log](nes::base::StaticText step, const nes::Error& error) {
    log.write(nes::telemetry::StepFailed{.step = step, .error = error, .retry_in_ms = 0});
    nes::service::print_failure(step, error);
    return 1;
  };
  if (const auto* step = std::get_if<nes::service::FailedStep>(&outcome))
    return failed(step->step, step->error);
  auto& prepared = *std::get_if<nes::service::Prepared>(&outcome);
  nes::attest::Nsm* const nsm = prepared.nsm.get();
  const auto cloud = nes::service::Cloud::create(
      config, {.parent = parent, .ca_pem = std::move(prepared.ca_pem)}, nsm, clock);
  if (!cloud.ok()) return failed("ca bundle", cloud.error());

  nes::service::BootCertificate boot_certificate(nes::service::server_names(config), nsm, clock);
  nes::service::Cloud& aws = **cloud;
  nes::service::Surroundings surroundings{
      .key_source = aws.keys(),
      .schema_source = aws.schemas(),
      .certificate_source = config.tls_secret_arn ? aws.certificate() : boot_certificate,
      .refresh_credentials = [&aws] { return aws.refresh_credentials(); },
      .interrupt = [&aws] { aws.interrupt(); },
      .nsm = nsm,
      .tls_endpoint = nes::service::vsock_listener(config.tls_port),
      .health_endpoint = nes::service::vsock_listener(config.health_vsock_port),
      .tls_socket = std::move(prepared.tls_socket),
      .health_socket = std::move(prepared.health_socket)};
  nes::service::Service service(config, std::move(surroundings), clock, log);
  return service.run();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--version") {
    std::puts("enclave " NES_VERSION);
    return 0;
  }
  if (argument == "--help") {
    std::puts("enclave: field-level encryption of JSON. Configured by the environment:\n");
    nes::service::print_variables(nes::config::variables());
    return 0;
  }
  if (argc != 1) {
    std::fputs("usage: enclave [--help | --version]\n", stderr);
    return 2;
  }
  nes::service::harden_process();
  nes::service::keep_freed_memory();
  const auto config = nes::config::parse(nes::service::environment, nes::service::machine());
  if (const auto* errors = std::get_if<ConfigErrors>(&config)) {
    nes::service::print_errors(*errors);
    return 1;
  }
  if (!nes::crypto::initialize().ok()) {
    std::fputs("enclave: the cryptographic library does not start\n", stderr);
    return 1;
  }
  return serve(*std::get_if<Config>(&config));
}

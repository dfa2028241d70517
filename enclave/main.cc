// enclave: the service, as it is measured. Its keys are KMS's, released to this image alone; there is no
// other way to give it any.
#include <cstdio>
#include <memory>
#include <variant>

#include "crypto/initialize.h"
#include "enclave/service/cloud.h"
#include "enclave/service/counted_nsm.h"
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
  const auto log_records = nes::service::log_records_of(config);
  nes::telemetry::Log log(clock, nes::service::level_of(config.log_level),
                          nes::telemetry::sink_to(nes::os::with_port(parent, config.log_vsock_port), clock),
                          log_records);
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
  nes::telemetry::CounterRegistry counters;
  nes::service::CountedNsm counted_nsm(*prepared.nsm, counters.add_shard());
  nes::attest::Nsm* const nsm = &counted_nsm;
  nes::telemetry::CounterShard& kms_counters = counters.add_shard();
  const auto cloud = nes::service::Cloud::create(
      config,
      {.parent = parent,
       .ca_pem = prepared.ca_pem,
       .on_kms_call =
           [&kms_counters](std::int64_t us) { kms_counters.observe(nes::telemetry::Histogram::kKms, us); }},
      nsm, clock);
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
      .health_socket = std::move(prepared.health_socket),
      .counters = counters,
      .parent = parent,
      .ca_pem = std::move(prepared.ca_pem),
      .version = NES_VERSION,
      .log_records = log_records};
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

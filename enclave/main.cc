// enclave: the service, as it is measured. Its keys are KMS's, released to this image alone; there is no
// other way to give it any.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <variant>

#include "attest/nsm_device.h"
#include "crypto/initialize.h"
#include "enclave/service/cloud.h"
#include "enclave/service/program.h"
#include "enclave/service/service.h"
#include "os/entropy.h"

namespace {

using nes::config::Config;
using nes::config::ConfigErrors;

int serve(const Config& config) {
  const nes::base::SystemClock clock;
  nes::telemetry::Log log(clock, nes::service::level_of(config.log_level), STDOUT_FILENO);
  log.write(nes::telemetry::ServiceStarting{.version = NES_VERSION, .worker_threads = config.worker_threads});
  const auto failed = [&log](nes::base::StaticText step, const nes::Error& error) {
    log.write(nes::telemetry::StepFailed{.step = step, .error = error, .retry_in_ms = 0});
    return 1;
  };
  const auto nsm = nes::attest::NsmDevice::open();
  if (!nsm.ok()) return failed("nsm", nsm.error());
  if (const auto measured = nes::attest::check_measured(**nsm); !measured.ok())
    return failed("nsm", measured.error());
  // Who is not root finds the kernel seeded by the image's init.
  if (::geteuid() == 0) {
    const auto seed = (*nsm)->random();
    if (!seed.ok()) return failed("entropy", seed.error());
    if (const auto added = nes::os::add_entropy(*seed); !added.ok()) return failed("entropy", added.error());
  }
  if (const auto locked = nes::service::lock_memory(); !locked.ok()) return failed("memory", locked.error());
  auto ca_pem = nes::service::read_text_file(nes::service::kCaBundlePath, nes::limits::kCaBundleBytes);
  if (!ca_pem.ok()) return failed("ca bundle", ca_pem.error());
  const auto cloud = nes::service::Cloud::create(config,
                                                 {.parent = {.transport = nes::os::Transport::kVsock,
                                                             .host = {},
                                                             .cid = config.vsock_proxy_cid,
                                                             .port = 0},
                                                  .ca_pem = std::move(ca_pem).value()},
                                                 nsm->get(), clock);
  if (!cloud.ok()) return failed("ca bundle", cloud.error());

  nes::service::BootCertificate boot_certificate(nes::service::server_names(config), nsm->get(), clock);
  nes::service::Cloud& aws = **cloud;
  const nes::service::Surroundings surroundings{
      .key_source = aws.keys(),
      .schema_source = aws.schemas(),
      .certificate_source = config.tls_secret_arn ? aws.certificate() : boot_certificate,
      .refresh_credentials = [&aws] { return aws.refresh_credentials(); },
      .interrupt = [&aws] { aws.interrupt(); },
      .nsm = nsm->get(),
      .tls_endpoint = nes::service::vsock_listener(config.tls_port),
      .health_endpoint = nes::service::vsock_listener(config.health_vsock_port)};
  nes::service::Service service(config, surroundings, clock, log);
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

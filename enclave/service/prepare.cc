#include "enclave/service/prepare.h"

#include <unistd.h>

#include <optional>

#include "attest/nsm_device.h"
#include "base/limits.h"
#include "enclave/service/program.h"
#include "enclave/service/syscalls.h"
#include "os/entropy.h"
#include "os/privileges.h"

namespace nes::service {
namespace {

constexpr const char* kPasswdPath = "/etc/passwd";
constexpr std::string_view kUser = "enclave-svc";

bool is_root() noexcept { return ::geteuid() == 0; }

Result<void> take_nsm(const OpenNsm& open_nsm, Prepared& prepared) {
  NES_TRY_ASSIGN(prepared.nsm, open_nsm());
  return attest::check_measured(*prepared.nsm);
}

// Who is not root finds the kernel seeded by the image's init.
Result<void> seed_entropy(const config::Config& /*config*/, Prepared& prepared) {
  if (!is_root()) return {};
  NES_TRY_ASSIGN(const Bytes seed, prepared.nsm->random());
  return os::add_entropy(seed);
}

Result<void> keep_in_memory(const config::Config& /*config*/, Prepared& /*prepared*/) {
  NES_TRY(allow_locked_memory());
  return lock_memory();
}

Result<void> read_ca_bundle(const config::Config& /*config*/, Prepared& prepared) {
  NES_TRY_ASSIGN(prepared.ca_pem, read_text_file(kCaBundlePath, limits::kCaBundleBytes));
  return {};
}

Result<void> bind_health(const config::Config& config, Prepared& prepared) {
  NES_TRY_ASSIGN(os::UniqueFd socket, os::bind_to(vsock_listener(config.health_vsock_port)));
  prepared.health_socket = std::make_shared<const os::UniqueFd>(std::move(socket));
  return {};
}

Result<void> bind_tls(const config::Config& config, Prepared& prepared) {
  NES_TRY_ASSIGN(os::UniqueFd socket, os::bind_to(vsock_listener(config.tls_port)));
  prepared.tls_socket = std::make_shared<const os::UniqueFd>(std::move(socket));
  return {};
}

Result<void> drop_privileges(const config::Config& /*config*/, Prepared& /*prepared*/) {
  if (!is_root()) return os::drop_capabilities();
  NES_TRY_ASSIGN(const std::string passwd, read_text_file(kPasswdPath, limits::kPasswdBytes));
  NES_TRY_ASSIGN(const os::UserIds user, os::find_user(passwd, kUser));
  return os::become_user(user);
}

struct Step {
  base::StaticText name;
  Result<void> (*run)(const config::Config& config, Prepared& prepared);
};

constexpr Step kSteps[] = {
    {"entropy", seed_entropy},
    {"memory", keep_in_memory},
    {"descriptors",
     [](const config::Config& config, Prepared&) { return allow_descriptors(config.max_connections); }},
    {"ca bundle", read_ca_bundle},
    {"health listener", bind_health},
    {"listener", bind_tls},
    {"privileges", drop_privileges},
    {"system calls", [](const config::Config&, Prepared&) { return os::allow_only(service_syscalls()); }},
};

Result<std::unique_ptr<attest::Nsm>> open_device() {
  NES_TRY_ASSIGN(std::unique_ptr<attest::Nsm> nsm, attest::NsmDevice::open());
  return nsm;
}

}  // namespace

std::variant<Prepared, FailedStep> prepare(const config::Config& config) {
  return prepare(config, open_device);
}

std::variant<Prepared, FailedStep> prepare(const config::Config& config, const OpenNsm& open_nsm) {
  Prepared prepared;
  if (const auto taken = take_nsm(open_nsm, prepared); !taken.ok()) return FailedStep{"nsm", taken.error()};
  for (const Step& step : kSteps)
    if (const auto done = step.run(config, prepared); !done.ok()) return FailedStep{step.name, done.error()};
  return prepared;
}

}  // namespace nes::service

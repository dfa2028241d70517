// What `enclave` takes while it may, before it gives up every right that it does not need: the NSM, locked
// memory, its ports. Afterwards the process is a user without capabilities that can make the system calls of
// syscalls.h.
//
// Thread rule: all of it while the process has one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "attest/nsm.h"
#include "base/error.h"
#include "enclave/config/config.h"
#include "os/unique_fd.h"

namespace nes::service {

struct Prepared {
  std::unique_ptr<attest::Nsm> nsm;
  std::string ca_pem;
  std::shared_ptr<const os::UniqueFd> tls_socket;
  std::shared_ptr<const os::UniqueFd> health_socket;
};

struct FailedStep {
  base::StaticText step;
  Error error;
};

// The NSM is the first step: without one, or in debug mode (attest::check_measured), nothing else is asked
// for.
//
// Started as root, as AWS's init does it, the process becomes `enclave-svc`. Started as a user it has been
// given what it needs (enclave/init: the NSM, RLIMIT_MEMLOCK, CAP_NET_BIND_SERVICE), and the kernel has been
// seeded.
std::variant<Prepared, FailedStep> prepare(const config::Config& config);

// The same with another NSM than /dev/nsm, for tests.
using OpenNsm = std::function<Result<std::unique_ptr<attest::Nsm>>()>;
std::variant<Prepared, FailedStep> prepare(const config::Config& config, const OpenNsm& open_nsm);

}  // namespace nes::service

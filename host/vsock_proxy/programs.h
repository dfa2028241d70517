// The commands as programs: each runs to its end and returns the process's exit status.
#pragma once

#include <csignal>

#include "host/vsock_proxy/configuration.h"

namespace nes::vsock_proxy {

// SIGTERM, SIGINT and SIGHUP, blocked for this thread and those that it starts.
sigset_t block_signals() noexcept;

int run_ingress(const Configuration& configuration, const sigset_t& signals);
int run_egress(const Configuration& configuration, AllowList list, const sigset_t& signals);
int run_logs(const Configuration& configuration, const sigset_t& signals);
int run_probe(const Configuration& configuration);
int run_drain(const Configuration& configuration);

}  // namespace nes::vsock_proxy

// The system calls that the service makes once it has what it needs: os::allow_only() takes them. Whoever
// breaks into the process has these and no others: no program to execute, no file to write, no socket but
// vsock, no memory that is executable.
#pragma once

#include <span>

#include "os/seccomp.h"

namespace nes::service {

std::span<const os::SyscallRule> service_syscalls();

}  // namespace nes::service

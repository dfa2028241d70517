// What enclave-dev may call beside the service's own system calls.
#pragma once

#include "base/result.h"

namespace nes::dev {

// os::allow_only() with the service's list and development's. Programs with a sanitizer, whose runtime calls
// what it likes, are left alone.
Result<void> allow_only_dev_syscalls();

}  // namespace nes::dev

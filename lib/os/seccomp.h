// An allow-list of system calls (seccomp(2)), as data.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace nes::os {

// A condition on one argument: its bits under `mask` are `value`.
struct ArgumentRule {
  unsigned index = 0;
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t value = 0;
};

enum class SyscallAnswer : std::uint8_t {
  kDone,
  kUnknown,  // ENOSYS, as from a kernel that does not have it: the caller falls back
};

// A call that is allowed, under all of its conditions; several rules for one call are alternatives.
struct SyscallRule {
  int number;  // SYS_*
  base::StaticText reason;
  std::span<const ArgumentRule> arguments{};
  SyscallAnswer answer = SyscallAnswer::kDone;
};

// From now on, in this process for good, a call that no rule of either list allows ends it with SIGSYS. Also
// sets no_new_privs. Call before any thread is started. kIo with a positive errno as position if the kernel
// or libseccomp refuse; kMalformed for a rule that cannot be expressed.
Result<void> allow_only(std::span<const SyscallRule> rules, std::span<const SyscallRule> more = {});

}  // namespace nes::os

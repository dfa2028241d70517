#include "os/seccomp.h"

#include <seccomp.h>

#include <array>
#include <cerrno>
#include <memory>

namespace nes::os {
namespace {

constexpr std::size_t kArguments = 6;     // of a system call
constexpr std::uint32_t kBinaryTree = 2;  // SCMP_FLTATR_CTL_OPTIMIZE: found in a few comparisons

struct Release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

Error refused(base::StaticText reason, int status) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(-status)};
}

Result<void> add(scmp_filter_ctx filter, std::span<const SyscallRule> rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const SyscallRule& rule = rules[i];
    std::array<scmp_arg_cmp, kArguments> comparisons{};
    if (rule.arguments.size() > comparisons.size())
      return Error{ErrorCode::kMalformed, "a rule has more conditions than a call has arguments", i};
    for (std::size_t j = 0; j < rule.arguments.size(); ++j) {
      const ArgumentRule& argument = rule.arguments[j];
      if (argument.index >= kArguments || (argument.value & ~argument.mask) != 0)
        return Error{ErrorCode::kMalformed, "a condition can never hold", i};
      comparisons[j] = {argument.index, SCMP_CMP_MASKED_EQ, argument.mask, argument.value};
    }
    const std::uint32_t action =
        rule.answer == SyscallAnswer::kDone ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS);
    const int added = seccomp_rule_add_array(
        filter, action, rule.number, static_cast<unsigned>(rule.arguments.size()), comparisons.data());
    // Said twice is as good as once.
    if (added != 0 && added != -EEXIST) return refused("a system call cannot be allowed", added);
  }
  return {};
}

}  // namespace

Result<void> allow_only(std::span<const SyscallRule> rules, std::span<const SyscallRule> more) {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return Error{ErrorCode::kIo, "there is no filter of system calls"};
  if (const int set = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree); set != 0)
    return refused("there is no filter of system calls", set);
  NES_TRY(add(filter.get(), rules));
  NES_TRY(add(filter.get(), more));
  if (const int loaded = seccomp_load(filter.get()); loaded != 0)
    return refused("the kernel takes no filter of system calls", loaded);
  return {};
}

}  // namespace nes::os

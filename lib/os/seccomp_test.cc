#include "os/seccomp.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

const std::vector<SyscallRule> kExit = {{SYS_exit_group, "the test ends"}, {SYS_exit, "the test ends"}};

// The signal that ends a process which does `work` under the rules; 0 if it gets to its end.
int signal_of(const std::vector<SyscallRule>& rules, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!allow_only(kExit, rules).ok()) ::_exit(2);
    work();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return 0;
}

class AllowOnly : public testing::Test {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  void SetUp() override { GTEST_SKIP() << "a sanitizer's runtime calls what it likes"; }
#endif
};

void get_parent() { ::syscall(SYS_getppid); }

TEST_F(AllowOnly, lets_pass_what_is_listed_and_ends_the_process_at_anything_else) {
  EXPECT_EQ(signal_of({{SYS_getppid, "the test calls it"}}, get_parent), 0);
  EXPECT_EQ(signal_of({{SYS_getpid, "a neighbour"}}, get_parent), SIGSYS);
  EXPECT_EQ(signal_of({}, get_parent), SIGSYS);
  EXPECT_EQ(signal_of({}, [] {}), 0);
}

TEST_F(AllowOnly, compares_arguments_under_their_mask) {
  static constexpr ArgumentRule kUnixDomain[] = {{.index = 0, .value = AF_UNIX}};
  const std::vector<SyscallRule> rules = {{SYS_socket, "local", kUnixDomain}};
  EXPECT_EQ(signal_of(rules, [] { ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(signal_of(rules, [] { ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }), SIGSYS);
  static constexpr ArgumentRule kNoLowBit[] = {{.index = 0, .mask = 1, .value = 0}};
  const std::vector<SyscallRule> even = {{SYS_close, "even", kNoLowBit}};
  EXPECT_EQ(signal_of(even, [] { ::syscall(SYS_close, 1000); }), 0);
  EXPECT_EQ(signal_of(even, [] { ::syscall(SYS_close, 1001); }), SIGSYS);
}

TEST_F(AllowOnly, asks_for_all_conditions_of_a_rule_and_one_rule_of_several) {
  static constexpr ArgumentRule kUnixStream[] = {{.index = 0, .value = AF_UNIX},
                                                 {.index = 1, .value = SOCK_STREAM}};
  static constexpr ArgumentRule kInternet[] = {{.index = 0, .value = AF_INET}};
  const std::vector<SyscallRule> rules = {{SYS_socket, "local", kUnixStream},
                                          {SYS_socket, "remote", kInternet}};
  EXPECT_EQ(signal_of(rules, [] { ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(signal_of(rules, [] { ::syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0); }), 0);
  EXPECT_EQ(signal_of(rules, [] { ::syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0); }), SIGSYS);
}

TEST_F(AllowOnly, answers_as_an_older_kernel_where_told) {
  const std::vector<SyscallRule> rules = {{SYS_getppid, "absent", {}, SyscallAnswer::kUnknown}};
  EXPECT_EQ(signal_of(rules,
                      [] {
                        if (::syscall(SYS_getppid) != -1 || errno != ENOSYS) ::_exit(3);
                      }),
            0);
}

TEST_F(AllowOnly, refuses_a_rule_that_means_nothing_and_leaves_the_process_as_it_was) {
  static constexpr ArgumentRule kSeventh[] = {{.index = 6, .value = 0}};
  static constexpr ArgumentRule kNever[] = {{.index = 0, .mask = 1, .value = 2}};
  static constexpr ArgumentRule kTooMany[7] = {};
  const int before = ::prctl(PR_GET_SECCOMP);  // in a container there may be a filter already
  for (const std::span<const ArgumentRule> arguments :
       {std::span<const ArgumentRule>(kSeventh), std::span<const ArgumentRule>(kNever),
        std::span<const ArgumentRule>(kTooMany)}) {
    const SyscallRule rules[] = {{SYS_close, "wrong", arguments}};
    const auto allowed = allow_only(rules);
    ASSERT_FALSE(allowed.ok());
    EXPECT_EQ(allowed.error().code, ErrorCode::kMalformed);
  }
  EXPECT_EQ(::prctl(PR_GET_SECCOMP), before);
}

TEST_F(AllowOnly, forbids_new_privileges) {
  EXPECT_EQ(signal_of({{SYS_prctl, "the test asks"}},
                      [] {
                        if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) ::raise(SIGKILL);
                      }),
            0);
}

}  // namespace
}  // namespace nes::os

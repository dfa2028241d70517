#include "enclave/service/syscalls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace nes::service {
namespace {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose runtimes call what they like

// The signal that ends a process which does `work` under the service's rules; 0 if it gets to its end.
int signal_of(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!os::allow_only(service_syscalls()).ok()) ::_exit(2);
    work();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return 0;
}

TEST(ServiceSyscalls, let_threads_allocate_wait_and_end) {
  EXPECT_EQ(signal_of([] {
              std::thread([] {
                std::string text(5'000'000, 'x');
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                if (text.back() != 'x') ::_exit(3);
              }).join();
            }),
            0);
}

TEST(ServiceSyscalls, let_an_invariant_abort) {
  EXPECT_EQ(signal_of([] { std::abort(); }), SIGABRT);
}

TEST(ServiceSyscalls, let_files_be_read) {
  EXPECT_EQ(signal_of([] { ::close(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)); }), 0);
}

TEST(ServiceSyscalls, allow_no_new_program_or_process) {
  EXPECT_EQ(signal_of([] { ::execl("/bin/true", "true", nullptr); }), SIGSYS);
  EXPECT_EQ(signal_of([] { ::fork(); }), SIGSYS);
  EXPECT_EQ(signal_of([] {
              if (::syscall(SYS_clone3, nullptr, 0) != -1 || errno != ENOSYS) ::_exit(3);
            }),
            0);
  EXPECT_EQ(signal_of([] { ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }), SIGSYS);
  EXPECT_EQ(signal_of([] { ::kill(::getppid(), SIGKILL); }), SIGSYS);
}

TEST(ServiceSyscalls, allow_no_file_to_be_written) {
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC})
    EXPECT_EQ(signal_of([flags] { ::open("/dev/null", flags, 0600); }), SIGSYS) << flags;
  EXPECT_EQ(signal_of([] { ::unlink("/nonexistent/file"); }), SIGSYS);
}

TEST(ServiceSyscalls, allow_no_executable_memory) {
  const auto map = [](int protection) {
    ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  EXPECT_EQ(signal_of([&] { map(PROT_READ | PROT_WRITE); }), 0);
  EXPECT_EQ(signal_of([&] { map(PROT_READ | PROT_EXEC); }), SIGSYS);
  EXPECT_EQ(signal_of([] { ::mprotect(nullptr, 0, PROT_READ | PROT_EXEC); }), SIGSYS);
}

TEST(ServiceSyscalls, allow_no_socket_but_vsock) {
  EXPECT_EQ(signal_of([] { ::socket(AF_VSOCK, SOCK_STREAM, 0); }), 0);
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET})
    EXPECT_EQ(signal_of([family] { ::socket(family, SOCK_STREAM, 0); }), SIGSYS) << family;
  EXPECT_EQ(signal_of([] { ::bind(-1, nullptr, 0); }), SIGSYS) << "ports are bound before";
}

TEST(ServiceSyscalls, allow_no_other_device_and_no_other_process) {
  EXPECT_EQ(signal_of([] { ::syscall(SYS_ioctl, -1, 0xC0200A00UL, nullptr); }), 0);
  EXPECT_EQ(signal_of([] { ::syscall(SYS_ioctl, -1, 0x5401UL, nullptr); }), SIGSYS);
  EXPECT_EQ(signal_of([] { ::syscall(SYS_ptrace, 0, 0, 0, 0); }), SIGSYS);
  EXPECT_EQ(signal_of([] { ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }), SIGSYS);
}

#endif

TEST(ServiceSyscalls, have_a_reason_each) {
  for (const os::SyscallRule& rule : service_syscalls())
    EXPECT_FALSE(rule.reason.view().empty()) << rule.number;
}

}  // namespace
}  // namespace nes::service

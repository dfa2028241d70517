#include "enclave/service/syscalls.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace nes::service {
namespace {

using os::ArgumentRule;
using os::SyscallAnswer;
using os::SyscallRule;

constexpr std::uint64_t kNsmRequest = 0xC0200A00;  // linux/nsm.h, NSM_IOCTL_RAW

constexpr ArgumentRule kIsVsock[] = {{.index = 0, .value = AF_VSOCK}};
constexpr ArgumentRule kNotExecutable[] = {{.index = 2, .mask = PROT_EXEC, .value = 0}};
constexpr ArgumentRule kOnlyReads[] = {
    {.index = 2, .mask = O_ACCMODE | O_CREAT | O_TRUNC, .value = O_RDONLY}};
constexpr ArgumentRule kIsThread[] = {
    {.index = 0, .mask = CLONE_VM | CLONE_THREAD, .value = CLONE_VM | CLONE_THREAD}};
constexpr ArgumentRule kIsNsm[] = {{.index = 1, .value = kNsmRequest}};
constexpr ArgumentRule kGetsFlags[] = {{.index = 1, .value = F_GETFL}};
constexpr ArgumentRule kSetsFlags[] = {{.index = 1, .value = F_SETFL}};
constexpr ArgumentRule kDuplicates[] = {{.index = 1, .value = F_DUPFD_CLOEXEC}};

constexpr SyscallRule kRules[] = {
    // Connections
    {SYS_socket, "the way out to the parent", kIsVsock},
    {SYS_connect, "the way out to the parent"},
    {SYS_getsockopt, "whether a connection came about"},
    {SYS_setsockopt, "timeouts and buffers of a connection"},
    {SYS_fcntl, "a connection is made non-blocking", kGetsFlags},
    {SYS_fcntl, "a connection is made non-blocking", kSetsFlags},
    {SYS_fcntl, "a connection is interrupted by a thread that does not own it", kDuplicates},
    {SYS_listen, "ports that were bound before take connections"},
    {SYS_accept4, "a client's connection"},
    {SYS_getsockname, "the port of a listener"},
    {SYS_getpeername, "which virtual machine a peer is in"},
    {SYS_shutdown, "the end of a connection"},
    {SYS_read, "data of clients and remotes, event counters, files"},
    {SYS_recvfrom, "data of clients and remotes"},
    {SYS_write, "answers, the log, event counters"},
    {SYS_writev, "answers in two parts; what is written before an abort"},
    {SYS_sendto, "answers, requests, the log"},
    {SYS_close, "the end of a connection"},
    {SYS_poll, "waiting for a remote or the log's receiver"},
    {SYS_epoll_create1, "an event loop"},
    {SYS_epoll_ctl, "an event loop"},
    {SYS_epoll_wait, "an event loop"},
    {SYS_epoll_pwait, "an event loop"},
    {SYS_eventfd2, "waking an event loop from another thread"},
    {SYS_signalfd4, "SIGTERM starts the drain"},
    // The NSM
    {SYS_ioctl, "attestation documents", kIsNsm},
    // Memory and threads
    {SYS_brk, "malloc"},
    {SYS_sysinfo, "the C library's qsort asks how much memory there is"},
    {SYS_mmap, "malloc and the stacks of threads", kNotExecutable},
    {SYS_mprotect, "malloc and the guard pages of stacks", kNotExecutable},
    {SYS_mremap, "realloc"},
    {SYS_munmap, "free"},
    {SYS_madvise, "memory of ended threads goes back"},
    {SYS_clone3,
     "its flags are out of a filter's sight; glibc falls back to clone",
     {},
     SyscallAnswer::kUnknown},
    {SYS_clone, "threads, and no processes", kIsThread},
    {SYS_set_robust_list, "the start of a thread"},
    {SYS_rseq, "the start of a thread"},
    {SYS_futex, "locks and waiting of threads"},
    {SYS_sched_getaffinity, "malloc asks for the number of processors"},
    {SYS_sched_yield, "a spinning lock gives way"},
    {SYS_gettid, "a thread's number; abort"},
    {SYS_exit, "the end of a thread"},
    {SYS_exit_group, "the end of the process"},
    // Time and randomness
    {SYS_clock_gettime, "the time, where the kernel's page for it cannot serve"},
    {SYS_gettimeofday, "the time, for OpenSSL"},
    {SYS_clock_nanosleep, "pauses between attempts"},
    {SYS_getrandom, "nonces and keys"},
    // Files and the process
    {SYS_openat, "configuration of libraries, the process's figures; nothing can be written", kOnlyReads},
    {SYS_newfstatat, "the size of a file that is open"},
    {SYS_fstat, "the size of a file that is open"},
    {SYS_lseek, "reading a file"},
    {SYS_getpid, "abort, and OpenSSL's watch for forks"},
    {SYS_rt_sigprocmask, "signals are blocked in threads; abort"},
    {SYS_rt_sigaction, "abort"},
    {SYS_rt_sigreturn, "a signal's handler ends"},
    {SYS_restart_syscall, "a call goes on after a stop"},
    {SYS_tgkill, "abort"},
};

}  // namespace

std::span<const SyscallRule> service_syscalls() { return kRules; }

}  // namespace nes::service

#include "enclave/dev/syscalls.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "enclave/service/syscalls.h"

namespace nes::dev {

#ifdef NES_SANITIZED

Result<void> allow_only_dev_syscalls() { return {}; }

#else

namespace {

using os::ArgumentRule;

constexpr ArgumentRule kIsUnix[] = {{.index = 0, .value = AF_UNIX}};
constexpr ArgumentRule kIsIpv4[] = {{.index = 0, .value = AF_INET}};
constexpr ArgumentRule kIsIpv6[] = {{.index = 0, .value = AF_INET6}};

constexpr ArgumentRule kSetsCloseOnExec[] = {{.index = 1, .value = F_SETFD}};

constexpr os::SyscallRule kRules[] = {
    {SYS_socket, "DEV_PARENT and DEV_NSM_SOCKET on Unix sockets", kIsUnix},
    {SYS_socket, "DEV_PARENT over TCP", kIsIpv4},
    {SYS_socket, "DEV_PARENT over TCP", kIsIpv6},
    {SYS_fcntl, "a directory that is listed stays with the process", kSetsCloseOnExec},
    {SYS_readlink, "the path of a schema below DEV_SCHEMA_DIR"},
    {SYS_getcwd, "the path of a schema below DEV_SCHEMA_DIR"},
    {SYS_getdents64, "DEV_KEY_DIR and DEV_SCHEMA_DIR are listed"},
    {SYS_statx, "files of DEV_KEY_DIR and DEV_SCHEMA_DIR"},
    {SYS_stat, "files of DEV_KEY_DIR and DEV_SCHEMA_DIR"},
};

}  // namespace

Result<void> allow_only_dev_syscalls() { return os::allow_only(service::service_syscalls(), kRules); }

#endif

}  // namespace nes::dev

#include "enclave/init/program.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/limits.h"

namespace nes::init {
namespace {

constexpr int kNotStarted = 127;  // as shells have it
constexpr mode_t kFileMask = 022;

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

// Leaves CAP_NET_BIND_SERVICE in the permitted and inheritable sets; ambient is a subset of both
// (capabilities(7)).
Result<void> keep_one_capability() {
  constexpr std::uint32_t kBit = 1U << CAP_NET_BIND_SERVICE;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  sets[0] = {.effective = kBit, .permitted = kBit, .inheritable = kBit};
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return io_error("capabilities cannot be dropped");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) != 0)
    return io_error("low ports cannot be allowed");
  return {};
}

Result<void> become(const User& user) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (capability != CAP_NET_BIND_SERVICE && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
      return io_error("capabilities cannot be bounded");
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return io_error("capabilities cannot be kept");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0)
    return io_error("the user's ids cannot be taken");
  return keep_one_capability();
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// In the child; returns only if the program does not start.
Error start(const Boot& boot) {
  if (::setsid() < 0) return io_error("there is no session for the program");
  ::umask(kFileMask);
  if (boot.user)
    if (const auto became = become(*boot.user); !became.ok()) return became.error();
  // As the user: what it may not enter is not its working directory.
  if (::chdir(boot.directory.c_str()) != 0) return io_error("the working directory cannot be entered");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return io_error("new privileges cannot be forbidden");
  const std::vector<char*> arguments = pointers(boot.command);
  std::vector<char*> environment = pointers(boot.environment);
  ::environ = environment.data();  // its PATH is where a program without a slash is looked for
  ::execvp(arguments.front(), arguments.data());
  return io_error("the program cannot be executed");
}

}  // namespace

Result<int> run_program(const Boot& boot) {
  const pid_t program = ::fork();
  if (program < 0) return io_error("no process for the program");
  if (program == 0) {
    report("program", start(boot));
    ::_exit(kNotStarted);
  }
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) return io_error("the program is lost");
    if (ended == program) return status;
  }
}

}  // namespace nes::init

#include "enclave/init/steps.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "attest/nsm_device.h"
#include "base/limits.h"
#include "enclave/init/clock.h"
#include "enclave/init/file_systems.h"
#include "enclave/init/heartbeat.h"
#include "os/entropy.h"
#include "os/unique_fd.h"

#include <net/if.h>

namespace nes::init {
namespace {

constexpr const char* kNsmModule = "/nsm.ko";
constexpr const char* kNsmDevice = "/dev/nsm";

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

// The kernel found no /dev/console in the initramfs, so that nothing is open yet.
Result<void> open_console(Boot&) {
  const int fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
  if (fd < 0) return io_error("there is no console");
  for (int standard = 0; standard <= 2; ++standard)
    if (fd != standard && ::dup2(fd, standard) < 0) return io_error("there is no console");
  if (fd > 2) ::close(fd);
  return {};
}

// A kernel that has the driver as a module brings the module along.
Result<void> load_nsm_module(Boot&) {
  const os::UniqueFd fd(::open(kNsmModule, O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};
  if (!fd || ::syscall(SYS_finit_module, fd.get(), "", 0) != 0)
    return io_error("the module cannot be loaded");
  return {};
}

Result<void> open_nsm(Boot& boot) {
  NES_TRY_ASSIGN(boot.nsm, attest::NsmDevice::open());
  return {};
}

Result<void> seed_entropy(Boot& boot) {
  NES_TRY_ASSIGN(const Bytes seed, boot.nsm->random());
  return os::add_entropy(seed);
}

Result<void> check_clock(Boot& boot) {
  NES_TRY_ASSIGN(const std::int64_t off_ms, set_clock(*boot.nsm));
  if (off_ms != 0) {
    char text[64];
    std::snprintf(text, sizeof text, "was off by %lld ms and is set", static_cast<long long>(off_ms));
    report("clock", text);
  }
  return {};
}

Result<void> send_heartbeat(Boot&) { return heartbeat(kParentHeartbeat, limits::kInitHeartbeatMs); }

Result<void> read_image_files(Boot& boot) {
  NES_TRY_ASSIGN(const auto command, take_file("/cmd"));
  if (!command) return Error{ErrorCode::kNotFound, "the image has no file cmd"};
  NES_TRY_ASSIGN(boot.command, parse_command(*command));
  NES_TRY_ASSIGN(const auto environment, take_file("/env"));
  NES_TRY_ASSIGN(boot.environment, parse_environment(environment.value_or("")));
  NES_TRY_ASSIGN(const auto user, take_file("/user"));
  if (user) {
    NES_TRY_ASSIGN(boot.user, parse_user(*user));
  }
  NES_TRY_ASSIGN(const auto directory, take_file("/workdir"));
  if (directory) {
    NES_TRY_ASSIGN(boot.directory, parse_directory(*directory));
  }
  return {};
}

Result<void> bring_up_loopback(Boot& boot) {
  NES_TRY_ASSIGN(const bool wanted, wants_loopback(boot.environment));
  if (!wanted) return {};
  const os::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
  if (!fd || ::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0)
    return io_error("there is no loopback interface");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return io_error("lo does not come up");
  return {};
}

// Whoever the program is, it is the only one: the device is its own, and it may lock all its memory.
Result<void> grant_rights(Boot& boot) {
  const User owner = boot.user.value_or(User{});
  if (::chown(kNsmDevice, owner.uid, owner.gid) != 0 || ::chmod(kNsmDevice, S_IRUSR | S_IWUSR) != 0)
    return io_error("the NSM cannot be given to the user");
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &all) != 0) return io_error("locking memory cannot be allowed");
  const rlimit many{limits::kInitDescriptors, limits::kInitDescriptors};
  if (::setrlimit(RLIMIT_NOFILE, &many) != 0) return io_error("open files cannot be allowed");
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return io_error("core files cannot be forbidden");
  return {};
}

constexpr std::array kSteps = {
    Step{"dev", [](Boot&) { return mount_devices(); }},
    Step{"console", open_console},
    Step{"nsm module", load_nsm_module},
    Step{"nsm", open_nsm},
    Step{"entropy", seed_entropy},
    Step{"clock", check_clock},
    Step{"image", read_image_files},
    Step{"root", [](Boot&) { return enter_root(); }},
    Step{"mounts", [](Boot&) { return mount_all(); }},
    Step{"lo", bring_up_loopback},
    Step{"rights", grant_rights},
    // Last, because the parent takes it for "it runs".
    Step{"heartbeat", send_heartbeat, Failure::kIsReported},
};

}  // namespace

std::span<const Step> steps() { return kSteps; }

void report(std::string_view name, std::string_view what) {
  std::string line = "enclave-init: ";
  line.append(name).append(": ").append(what).push_back('\n');
  // The console of an enclave that is not debugged goes nowhere; nothing hangs on it.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

void report(std::string_view name, const Error& error) {
  std::string what(error.reason.view());
  if (error.position != 0)
    what.append(error.code == ErrorCode::kIo ? " (errno " : " (at ").append(std::to_string(error.position)) +=
        ')';
  report(name, what);
}

}  // namespace nes::init

#include "enclave/init/file_systems.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::init {
namespace {

constexpr const char* kImageRoot = "/rootfs";
constexpr const char* kImageDevices = "/rootfs/dev";
constexpr mode_t kDirectoryMode = 0755;
constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;

constexpr Mount kDevices{"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755"};

constexpr std::array kProgramMounts = {
    Mount{"proc", "/proc", kPlain, ""},
    Mount{"sysfs", "/sys", kPlain | MS_RDONLY, ""},
    Mount{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620"},
    Mount{"tmpfs", "/dev/shm", kPlain, "mode=1777"},
    Mount{"tmpfs", "/run", kPlain, "mode=0755"},
    Mount{"tmpfs", "/tmp", kPlain, "mode=1777"},
};

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

Result<void> make_directory(const char* path) {
  if (::mkdir(path, kDirectoryMode) != 0 && errno != EEXIST) return io_error("a directory cannot be made");
  return {};
}

Result<void> mount_at(const Mount& mount) {
  NES_TRY(make_directory(mount.target));
  if (::mount(mount.type, mount.target, mount.type, mount.flags, mount.options) != 0)
    return io_error("a file system cannot be mounted");
  return {};
}

}  // namespace

std::span<const Mount> program_mounts() { return kProgramMounts; }

Result<void> mount_devices() { return mount_at(kDevices); }

Result<void> enter_root() {
  // A mount of its own, because only such a thing can be moved (mount(2), MS_MOVE).
  if (::mount(kImageRoot, kImageRoot, nullptr, MS_BIND, nullptr) != 0)
    return io_error("there is no /rootfs that can be mounted");
  if (::mount(nullptr, kImageRoot, nullptr, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV, nullptr) != 0)
    return io_error("/rootfs cannot be mounted without devices");
  NES_TRY(make_directory(kImageDevices));
  if (::mount(kDevices.target, kImageDevices, nullptr, MS_MOVE, nullptr) != 0)
    return io_error("the devices cannot be moved");
  if (::chdir(kImageRoot) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
      ::chdir("/") != 0)
    return io_error("/rootfs cannot become the root");
  return {};
}

Result<void> mount_all() {
  for (const Mount& mount : kProgramMounts) NES_TRY(mount_at(mount));
  return {};
}

Result<std::optional<std::string>> take_file(const char* path) {
  const os::UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::optional<std::string>();
  if (!fd) return io_error("a file cannot be opened");
  std::string text;
  for (;;) {
    char block[4096];
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0) return io_error("a file cannot be read");
    if (got == 0) break;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > limits::kInitFileBytes) return Error{ErrorCode::kLimit, "a file is too large"};
  }
  if (::unlink(path) != 0) return io_error("a file cannot be removed");
  return std::optional<std::string>(std::move(text));
}

}  // namespace nes::init

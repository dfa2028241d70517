#include "devkit/aws_emulator/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "os/unique_fd.h"

namespace nes::aws_emulator {
namespace {

Error failed(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

Result<void> write_and_sync(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("a file cannot be written");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return failed("a file cannot be synced");
  return {};
}

// So that the new name survives a crash as well.
Result<void> sync_directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const os::UniqueFd fd(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return failed("a directory cannot be synced");
  return {};
}

}  // namespace

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1); !path.empty(); end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), mode) != 0 && errno != EEXIST)
      return failed("a directory cannot be made");
    if (end == std::string::npos) break;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed("a directory cannot be made");
  if (!S_ISDIR(status.st_mode))
    return Error{ErrorCode::kIo, "a file stands where a directory should", ENOTDIR};
  return {};
}

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t max_bytes) {
  // Non-blocking: opening a FIFO must not wait for a writer.
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>();
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return failed("a file cannot be read");
  if (!S_ISREG(status.st_mode)) return std::optional<std::string>();
  std::string content;
  for (;;) {
    char buffer[65536];
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("a file cannot be read");
    if (got == 0) return std::optional(std::move(content));
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) return Error{ErrorCode::kLimit, "a file is larger than the limit"};
  }
}

Result<void> replace_file(const std::string& path, const std::string& draft, std::string_view content,
                          mode_t mode) {
  ::unlink(draft.c_str());
  const os::UniqueFd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return failed("a file cannot be made");
  if (const auto written = write_and_sync(fd.get(), content); !written.ok()) {
    ::unlink(draft.c_str());
    return written.error();
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    const Error error = failed("a file cannot take its name");
    ::unlink(draft.c_str());
    return error;
  }
  return sync_directory_of(path);
}

}  // namespace nes::aws_emulator

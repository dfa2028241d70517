#include "tools/nitro_enc/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "os/unique_fd.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

Error system_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

Result<os::UniqueFd> open_file(const std::string& path) {
  os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ENOENT) return Error{ErrorCode::kNotFound, "there is no such file"};
  return system_error("the file cannot be opened");
}

Result<secret::SecretBytes> read_all(int fd, std::size_t max_bytes) {
  secret::SecretBytes content;
  for (;;) {
    const std::size_t room = std::min(kPieceBytes, max_bytes - content.size() + 1);
    const ByteSpan piece = content.grow_uninitialized(room);
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    content.drop_unwritten(room - static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("the file cannot be read");
    if (got == 0) return content;
    if (content.size() > max_bytes) return Error{ErrorCode::kLimit, "the file is too large"};
  }
}

Result<void> write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno != EINTR) return system_error("the file cannot be written");
    if (wrote > 0) content = content.subspan(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd) != 0) return system_error("the file cannot be written");
  return {};
}

// Removes a file unless it is kept.
class Pending {
 public:
  explicit Pending(std::string path) noexcept : path_(std::move(path)) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() {
    if (!kept_) ::unlink(path_.c_str());
  }
  void keep() noexcept { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  NES_TRY_ASSIGN(const Bytes content, read_bytes(path, max_bytes));
  return std::string(as_text(content));
}

Result<Bytes> read_bytes(const std::string& path, std::size_t max_bytes) {
  NES_TRY_ASSIGN(const os::UniqueFd fd, open_file(path));
  return read_bytes(fd.get(), max_bytes);
}

Result<Bytes> read_bytes(int fd, std::size_t max_bytes) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error("the file cannot be examined");
  Bytes content;
  // One more than is there, so that the end is seen without growing. Pipes state no size.
  std::size_t room = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) + 1 : kPieceBytes;
  for (;;) {
    const std::size_t had = content.size();
    content.resize(had + std::min(room, max_bytes - had + 1));
    const ssize_t got = ::read(fd, content.data() + had, content.size() - had);
    content.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("the file cannot be read");
    if (got == 0) return content;
    if (content.size() > max_bytes) return Error{ErrorCode::kLimit, "the file is too large"};
    room = kPieceBytes;
  }
}

Result<secret::SecretBytes> read_secret_file(const std::string& path, std::size_t max_bytes) {
  NES_TRY_ASSIGN(const os::UniqueFd fd, open_file(path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error("the file cannot be examined");
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::kNotAllowed, "others than its owner can use this file: chmod 600"};
  return read_all(fd.get(), max_bytes);
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  std::string beside = path + ".XXXXXX";
  const os::UniqueFd fd(::mkostemp(beside.data(), O_CLOEXEC));
  if (!fd) return system_error("no file can be made beside it");
  Pending pending(beside);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  NES_TRY(write_all(fd.get(), as_bytes(content)));
  if (::fchmod(fd.get(), 0666 & ~mask) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)
    return system_error("the file cannot be put in its place");
  pending.keep();
  return {};
}

Result<void> create_file_at(int directory, const std::string& name, ByteView content) {
  const os::UniqueFd fd(
      ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd && errno == EEXIST) return Error{ErrorCode::kNotAllowed, "the file is there already"};
  if (!fd) return system_error("the file cannot be made");
  return write_all(fd.get(), content);
}

Result<void> create_secret_file(const std::string& path, const secret::SecretBytes& content) {
  const os::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST) return Error{ErrorCode::kNotAllowed, "the file is there already"};
  if (!fd) return system_error("the file cannot be made");
  Pending pending(path);
  NES_TRY(write_all(fd.get(), content.reveal()));
  pending.keep();
  return {};
}

}  // namespace nes::nitro_enc

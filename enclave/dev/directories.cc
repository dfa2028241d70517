#include "enclave/dev/directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::dev {
namespace {

namespace fs = std::filesystem;

Error io_error() noexcept {
  return Error{ErrorCode::kIo, "a file or directory cannot be read", static_cast<std::uint64_t>(errno)};
}

// The whole file, of at most `limit` bytes.
Result<secret::SecretBytes> read_file(const std::string& path, std::size_t limit) {
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return io_error();
  secret::SecretBytes content;
  for (;;) {
    constexpr std::size_t kBlockBytes = 64 * 1024;
    const ByteSpan room = content.grow_uninitialized(kBlockBytes);
    const ssize_t got = ::read(fd.get(), room.data(), room.size());
    content.drop_unwritten(room.size() - static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return io_error();
    if (content.size() > limit) return Error{ErrorCode::kLimit, "a file is too large"};
    if (got == 0) return content;
  }
}

std::string etag_of(const struct stat& status) {
  return std::to_string(status.st_ino) + '-' + std::to_string(status.st_size) + '-' +
         std::to_string(status.st_mtim.tv_sec) + '.' + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

Result<keyring::FetchedKeys> DirectoryKeySource::fetch() {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".key") names.push_back(entry->path().filename());
  if (error)
    return Error{ErrorCode::kIo, "the key directory cannot be read",
                 static_cast<std::uint64_t>(error.value())};
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    const bool a_seals = a == "current.key", b_seals = b == "current.key";
    return a_seals != b_seals ? a_seals : a > b;
  });
  if (names.empty() || names.front() != "current.key")
    return Error{ErrorCode::kMalformed, "there is no current.key"};
  keyring::FetchedKeys keys;
  for (const std::string& name : names) {
    constexpr std::size_t kKeyFileBytes = 4096;
    NES_TRY_ASSIGN(auto dek, read_file(directory_ + '/' + name, kKeyFileBytes));
    keys.keys.push_back({.dek = std::move(dek), .version_id = name});
  }
  return keys;
}

Result<std::vector<service::SchemaObject>> DirectorySchemaSource::list() {
  std::error_code error;
  std::vector<service::SchemaObject> objects;
  for (fs::recursive_directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (::stat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      continue;  // gone again, or no file
    objects.push_back({.key = fs::relative(entry->path(), directory_, error), .etag = etag_of(status)});
  }
  if (error)
    return Error{ErrorCode::kIo, "the schema directory cannot be read",
                 static_cast<std::uint64_t>(error.value())};
  return objects;
}

Result<std::string> DirectorySchemaSource::get(const service::SchemaObject& object, std::size_t max_bytes) {
  NES_TRY_ASSIGN(const auto content, read_file(directory_ + '/' + object.key, max_bytes));
  return std::string(as_text(content.reveal()));
}

}  // namespace nes::dev

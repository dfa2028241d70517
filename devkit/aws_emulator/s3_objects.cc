#include "devkit/aws_emulator/s3_objects.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "devkit/aws_emulator/digests.h"
#include "devkit/aws_emulator/files.h"

namespace nes::aws_emulator {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 1024;
constexpr std::size_t kSegmentBytes = 255;  // of a file's name
constexpr mode_t kDirectory = 0755;
constexpr mode_t kFile = 0644;

Error failed(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = base::utf8_sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool is_segment(std::string_view segment) noexcept {
  return !segment.empty() && segment.size() <= kSegmentBytes && segment != "." && segment != "..";
}

Result<std::string> etag_of(std::string_view content) {
  NES_TRY_ASSIGN(const Bytes digest, md5(content));
  return "\"" + base::hex_encode(digest) + "\"";
}

std::int64_t to_ms(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

bool is_directory(const std::string& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// The places in `key` at which a folder above the object ends.
std::vector<std::size_t> folder_ends(std::string_view key) {
  std::vector<std::size_t> out;
  for (std::size_t at = key.find('/'); at != std::string_view::npos; at = key.find('/', at + 1))
    out.push_back(at);
  return out;
}

}  // namespace

Result<ObjectFiles> ObjectFiles::open(std::string root, std::string drafts) {
  NES_TRY(make_directories(root, kDirectory));
  NES_TRY(make_directories(drafts, kDirectory));
  return ObjectFiles(std::move(root), std::move(drafts));
}

bool ObjectFiles::is_bucket_name(std::string_view name) noexcept {
  const auto is_alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 63 && is_alphanumeric(name.front()) &&
         is_alphanumeric(name.back()) && name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

bool ObjectFiles::is_key(std::string_view key) noexcept {
  if (key.size() > kKeyBytes || key.find('\0') != std::string_view::npos || !is_utf8(key)) return false;
  for (;;) {
    const std::size_t slash = key.find('/');
    if (!is_segment(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

std::string ObjectFiles::path_of(std::string_view bucket, std::string_view key) const {
  NES_CHECK(is_bucket_name(bucket) && (key.empty() || is_key(key)));
  std::string path = root_ + "/" + std::string(bucket);
  if (!key.empty()) path += "/" + std::string(key);
  return path;
}

bool ObjectFiles::has_bucket(std::string_view bucket) const { return is_directory(path_of(bucket)); }

Result<void> ObjectFiles::create_bucket(std::string_view bucket) {
  return make_directories(path_of(bucket), kDirectory);
}

Result<void> ObjectFiles::delete_bucket(std::string_view bucket) {
  if (::rmdir(path_of(bucket).c_str()) == 0) return {};
  if (errno == ENOTEMPTY || errno == EEXIST) return Error{ErrorCode::kNotAllowed, "a bucket is not empty"};
  return failed("a bucket cannot be removed");
}

std::vector<std::string> ObjectFiles::buckets() const {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(root_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::string name = at->path().filename().string();
    if (is_bucket_name(name) && has_bucket(name)) out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::int64_t ObjectFiles::bucket_created_ms(std::string_view bucket) const {
  struct stat status {};
  return ::lstat(path_of(bucket).c_str(), &status) == 0 ? to_ms(status.st_ctim) : 0;
}

bool ObjectFiles::is_plain_file(std::string_view bucket, std::string_view key, struct stat& status) const {
  for (const std::size_t end : folder_ends(key))
    if (!is_directory(path_of(bucket, key.substr(0, end)))) return false;
  return ::lstat(path_of(bucket, key).c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

Result<std::optional<ObjectInfo>> ObjectFiles::info(std::string_view bucket, std::string_view key) {
  struct stat status {};
  if (!is_plain_file(bucket, key, status)) return std::optional<ObjectInfo>();
  CachedTag& tag = tags_[path_of(bucket, key)];
  const bool is_fresh = !tag.etag.empty() && tag.inode == status.st_ino && tag.size == status.st_size &&
                        tag.changed.tv_sec == status.st_mtim.tv_sec &&
                        tag.changed.tv_nsec == status.st_mtim.tv_nsec;
  if (!is_fresh) {
    tag.etag.clear();
    NES_TRY_ASSIGN(const auto content, read_file(path_of(bucket, key), limits::kEmulatorBodyBytes));
    if (!content) return std::optional<ObjectInfo>();
    NES_TRY_ASSIGN(std::string etag, etag_of(*content));
    tag = {status.st_ino, status.st_size, status.st_mtim, std::move(etag)};
  }
  return std::optional(
      ObjectInfo{static_cast<std::uint64_t>(status.st_size), to_ms(status.st_mtim), tag.etag});
}

Result<std::optional<ObjectContent>> ObjectFiles::read(std::string_view bucket, std::string_view key) {
  struct stat status {};
  if (!is_plain_file(bucket, key, status)) return std::optional<ObjectContent>();
  NES_TRY_ASSIGN(auto content, read_file(path_of(bucket, key), limits::kEmulatorBodyBytes));
  if (!content) return std::optional<ObjectContent>();
  // Of what was read, so that content and tag agree even if the file is being replaced.
  NES_TRY_ASSIGN(std::string etag, etag_of(*content));
  const ObjectInfo info{content->size(), to_ms(status.st_mtim), std::move(etag)};
  return std::optional(ObjectContent{info, *std::move(content)});
}

Result<ObjectInfo> ObjectFiles::put(std::string_view bucket, std::string_view key, std::string_view content) {
  const Error in_the_way{ErrorCode::kNotAllowed, "another key is in the way"};
  for (const std::size_t end : folder_ends(key)) {
    const std::string folder = path_of(bucket, key.substr(0, end));
    if (::mkdir(folder.c_str(), kDirectory) != 0 && errno != EEXIST) return failed("a folder cannot be made");
    if (!is_directory(folder)) return in_the_way;
  }
  const std::string path = path_of(bucket, key);
  if (is_directory(path)) return in_the_way;
  NES_TRY(replace_file(path, drafts_ + "/object", content, kFile));
  NES_TRY_ASSIGN(const std::optional<ObjectInfo> made, info(bucket, key));
  if (!made) return Error{ErrorCode::kIo, "an object is gone at once"};
  return *made;
}

Result<void> ObjectFiles::remove(std::string_view bucket, std::string_view key) {
  struct stat status {};
  if (!is_plain_file(bucket, key, status)) return {};
  const std::string path = path_of(bucket, key);
  tags_.erase(path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("an object cannot be removed");
  std::vector<std::size_t> ends = folder_ends(key);
  while (!ends.empty() && ::rmdir(path_of(bucket, key.substr(0, ends.back())).c_str()) == 0) ends.pop_back();
  return {};
}

Result<std::vector<std::string>> ObjectFiles::keys(std::string_view bucket, std::string_view prefix) const {
  std::vector<std::string> out;
  const std::string root = path_of(bucket);
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->symlink_status(error).type() != fs::file_type::regular) continue;
    std::string key = at->path().string().substr(root.size() + 1);
    if (!key.starts_with(prefix) || !is_key(key)) continue;
    if (out.size() == limits::kEmulatorObjects)
      return Error{ErrorCode::kLimit, "a bucket has too many objects"};
    out.push_back(std::move(key));
  }
  // A file that goes away while the folder is read is no failure.
  if (error && error != std::errc::no_such_file_or_directory)
    return Error{ErrorCode::kIo, "a bucket cannot be read", static_cast<std::uint64_t>(error.value())};
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace nes::aws_emulator

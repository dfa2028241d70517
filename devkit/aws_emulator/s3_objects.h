// Objects as plain files: a folder a bucket, a file a key, so that whoever drops a file there has put an
// object. Only content is kept. Symbolic links are not followed and not listed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::aws_emulator {

struct ObjectInfo {
  std::uint64_t size = 0;
  std::int64_t changed_ms = 0;
  std::string etag;  // with its quotes
};

struct ObjectContent {
  ObjectInfo info;
  std::string bytes;
};

// Thread rule: one call at a time.
class ObjectFiles {
 public:
  // Buckets are in `root`, drafts of objects in `drafts`, on the same file system. kIo.
  static Result<ObjectFiles> open(std::string root, std::string drafts);

  // The rules of AWS's for general purpose buckets, less those for names that it keeps for itself.
  static bool is_bucket_name(std::string_view name) noexcept;
  // At most 1024 bytes of UTF-8, and a path below the bucket: no empty, `.` or `..` segment, no NUL, none
  // over 255 bytes.
  static bool is_key(std::string_view key) noexcept;

  // Below, `bucket` satisfies is_bucket_name() and `key` is_key(), else the process ends; errors are kIo and
  // kLimit.
  bool has_bucket(std::string_view bucket) const;
  Result<void> create_bucket(std::string_view bucket);
  // kNotAllowed if it is not empty.
  Result<void> delete_bucket(std::string_view bucket);
  std::vector<std::string> buckets() const;  // in order
  std::int64_t bucket_created_ms(std::string_view bucket) const;

  Result<std::optional<ObjectInfo>> info(std::string_view bucket, std::string_view key);
  Result<std::optional<ObjectContent>> read(std::string_view bucket, std::string_view key);
  // kNotAllowed where a key is in the way: `a` and `a/b` cannot both be files.
  Result<ObjectInfo> put(std::string_view bucket, std::string_view key, std::string_view content);
  // Nothing happens if there is none. Folders that become empty go as well.
  Result<void> remove(std::string_view bucket, std::string_view key);
  // All keys with this prefix, in the order of their bytes. Files whose names cannot be keys are left out.
  Result<std::vector<std::string>> keys(std::string_view bucket, std::string_view prefix) const;

 private:
  struct CachedTag {
    ino_t inode = 0;
    off_t size = 0;
    timespec changed{};
    std::string etag;
  };

  ObjectFiles(std::string root, std::string drafts) noexcept
      : root_(std::move(root)), drafts_(std::move(drafts)) {}
  std::string path_of(std::string_view bucket, std::string_view key = {}) const;
  bool is_plain_file(std::string_view bucket, std::string_view key, struct stat& status) const;

  std::string root_;
  std::string drafts_;
  std::map<std::string, CachedTag, std::less<>> tags_;  // by path
};

}  // namespace nes::aws_emulator

// AWS S3: listing and reading the objects of one bucket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "base/result.h"

namespace nes::aws {

struct S3Object {
  std::string key;   // whole, with its prefix
  std::string etag;  // opaque, quotes included
  std::uint64_t size = 0;
};

struct S3Content {
  std::string etag;
  std::string body;
};

// Virtual-hosted addresses; path style if the bucket's name has a dot (a wildcard certificate covers one
// label) or if the client has an endpoint override. Thread rule: one thread, the client's.
class S3 {
 public:
  // `client` must outlive this.
  S3(Client& client, std::string bucket) noexcept : client_(client), bucket_(std::move(bucket)) {}

  // All objects whose key begins with `prefix` (ListObjectsV2, every page), in the order of the answer.
  // Client's errors; kMalformed for an answer of another shape, kLimit if there are more pages than
  // limits::kAwsPages.
  Result<std::vector<S3Object>> list(std::string_view prefix);

  // The object's content; nothing if it still has `if_none_match`, an ETag that an earlier answer gave
  // (empty: none). kLimit if it has more than `max_bytes`, before more is read; kTruncated if it ends early;
  // kNotFound (RemoteCode::kNotFound) if there is none; else Client's errors.
  Result<std::optional<S3Content>> get(std::string_view key, std::string_view if_none_match,
                                       std::size_t max_bytes);

 private:
  Call begin(std::string_view key) const;

  Client& client_;
  std::string bucket_;
};

}  // namespace nes::aws

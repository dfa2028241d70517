#include "enclave/service/s3_schema_source.h"

#include <optional>
#include <utility>

namespace nes::service {

Result<std::vector<SchemaObject>> S3SchemaSource::list() {
  NES_TRY_ASSIGN(std::vector<aws::S3Object> listed, s3_.list(prefix_));
  std::vector<SchemaObject> objects;
  for (aws::S3Object& object : listed)
    if (object.key.starts_with(prefix_))
      objects.push_back({.key = object.key.substr(prefix_.size()), .etag = std::move(object.etag)});
  return objects;
}

Result<std::string> S3SchemaSource::get(const SchemaObject& object, std::size_t max_bytes) {
  NES_TRY_ASSIGN(std::optional<aws::S3Content> content, s3_.get(prefix_ + object.key, {}, max_bytes));
  if (!content) return Error{ErrorCode::kMalformed, "S3 answered without the object that was asked for"};
  return std::move(content->body);
}

}  // namespace nes::service

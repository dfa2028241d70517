// Schemas from S3_BUCKET under S3_PREFIX.
#pragma once

#include <string>

#include "aws/s3.h"
#include "enclave/service/schema_store.h"

namespace nes::service {

// Thread rule: one thread, that of the client.
class S3SchemaSource final : public SchemaSource {
 public:
  // `s3` must outlive this.
  S3SchemaSource(aws::S3& s3, std::string prefix) noexcept : s3_(s3), prefix_(std::move(prefix)) {}

  // aws::S3's errors.
  Result<std::vector<SchemaObject>> list() override;
  Result<std::string> get(const SchemaObject& object, std::size_t max_bytes) override;

 private:
  aws::S3& s3_;
  const std::string prefix_;
};

}  // namespace nes::service

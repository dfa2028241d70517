// S3, as far as schemas and SDKs here need it: buckets, objects, listings, path and virtual-hosted style.
// What is not kept or not emulated (metadata, versions, multipart uploads, access control, presigned URLs) is
// refused with NotImplemented or, where SDKs send it unasked, ignored. Every principal of the account may do
// everything.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "devkit/aws_emulator/request.h"
#include "devkit/aws_emulator/s3_objects.h"

namespace nes::aws_emulator {

// What a request is about.
struct S3Target {
  std::string operation;  // such as GetObject; empty if the emulator does not know it
  std::string bucket;
  std::string key;
};

// By Host (bucket.s3.REGION.amazonaws.com, bucket.s3.amazonaws.com, bucket.localhost), else by the path.
S3Target s3_target(const Request& request, std::string_view region);

// Thread rule: one call at a time.
class S3 {
 public:
  // Buckets are the folders of `directory`/s3. kIo.
  static Result<S3> open(const std::string& directory, std::string account, std::string region);

  Reply handle(const S3Target& target, const Request& request);

 private:
  S3(ObjectFiles files, std::string account, std::string region)
  noexcept : files_(std::move(files)), account_(std::move(account)), region_(std::move(region)) {}

  Reply handle_bucket(const S3Target& target, const Request& request);
  Reply handle_object(const S3Target& target, const Request& request);
  Answer list_buckets() const;
  Answer create_bucket(const std::string& bucket);
  Answer delete_bucket(const std::string& bucket);
  Answer put_object(const S3Target& target, const Request& request);
  Reply get_object(const S3Target& target, const Request& request);

  ObjectFiles files_;
  std::string account_;
  std::string region_;
};

}  // namespace nes::aws_emulator

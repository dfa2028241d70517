#include "devkit/aws_emulator/s3.h"

#include <algorithm>
#include <optional>

#include "aws/time_text.h"
#include "base/clock.h"
#include "devkit/aws_emulator/s3_content.h"
#include "devkit/aws_emulator/s3_listing.h"
#include "devkit/aws_emulator/xml_text.h"

namespace nes::aws_emulator {
namespace {

struct Named {
  std::string_view method;
  std::string_view operation;
};
constexpr Named kBucketOperations[] = {
    {"PUT", "CreateBucket"}, {"HEAD", "HeadBucket"}, {"GET", "ListObjectsV2"}, {"DELETE", "DeleteBucket"}};
constexpr Named kObjectOperations[] = {
    {"PUT", "PutObject"}, {"HEAD", "HeadObject"}, {"GET", "GetObject"}, {"DELETE", "DeleteObject"}};
constexpr std::string_view kListingParameters[] = {
    "list-type",   "prefix",      "delimiter",     "max-keys",
    "start-after", "fetch-owner", "encoding-type", "continuation-token"};

template <std::size_t N>
std::string operation_of(const Named (&operations)[N], std::string_view method) {
  for (const Named& known : operations)
    if (known.method == method) return std::string(known.operation);
  return {};
}

// A parameter that the emulator does not know names another operation: ?acl, ?uploads, ?versionId.
bool knows_parameters(const Request& request, bool is_listing) {
  return std::all_of(request.query.begin(), request.query.end(), [&](const auto& parameter) {
    return parameter.first == "x-id" ||
           (is_listing && std::find(std::begin(kListingParameters), std::end(kListingParameters),
                                    parameter.first) != std::end(kListingParameters));
  });
}

// The bucket in front of one of the hosts that stand for S3; empty if there is none.
std::string bucket_of_host(std::string_view host, std::string_view region) {
  host = host.substr(0, host.rfind(':'));
  const std::string suffixes[] = {".s3." + std::string(region) + ".amazonaws.com", ".s3.amazonaws.com",
                                  ".localhost"};
  for (const std::string& suffix : suffixes)
    if (host.size() > suffix.size() && host.ends_with(suffix))
      return std::string(host.substr(0, host.size() - suffix.size()));
  return {};
}

Answer internal_error() {
  return s3_error(500, "InternalError", "We encountered an internal error. Please try again.");
}
Answer no_such_key() { return s3_error(404, "NoSuchKey", "The specified key does not exist."); }

void add_object_headers(const ObjectInfo& info, Answer& answer) {
  answer.headers.emplace_back("etag", info.etag);
  answer.headers.emplace_back("last-modified", aws::format_http_date(info.changed_ms));
  answer.headers.emplace_back("accept-ranges", "bytes");
  answer.headers.emplace_back("content-type", "binary/octet-stream");
}

bool matches(std::string_view condition, std::string_view etag) {
  return condition == "*" || condition == etag || condition == etag.substr(1, etag.size() - 2);
}

}  // namespace

S3Target s3_target(const Request& request, std::string_view region) {
  S3Target out;
  out.bucket = bucket_of_host(request.header("host"), region);
  const std::optional<std::string> path = aws::percent_decode(std::string_view(request.path).substr(1));
  if (!path) return out;
  std::string_view rest = *path;
  if (out.bucket.empty()) {
    out.bucket = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), out.bucket.size() + 1));
  }
  out.key = rest;
  const bool is_listing = out.key.empty() && request.parameter("list-type") == "2";
  if (!knows_parameters(request, is_listing)) return out;
  if (out.bucket.empty())
    out.operation = request.method == "GET" ? "ListBuckets" : "";
  else if (!out.key.empty())
    out.operation = operation_of(kObjectOperations, request.method);
  else if (request.method != "GET" || is_listing)
    out.operation = operation_of(kBucketOperations, request.method);
  if (!request.header("x-amz-copy-source").empty()) out.operation.clear();
  return out;
}

Result<S3> S3::open(const std::string& directory, std::string account, std::string region) {
  NES_TRY_ASSIGN(ObjectFiles files, ObjectFiles::open(directory + "/s3", directory + "/s3-drafts"));
  return S3(std::move(files), std::move(account), std::move(region));
}

Reply S3::handle(const S3Target& target, const Request& request) {
  Reply reply;
  if (target.operation.empty())
    reply.answer = s3_error(501, "NotImplemented", "The emulator does not know this operation.");
  else if (target.operation == "ListBuckets")
    reply.answer = list_buckets();
  else if (!ObjectFiles::is_bucket_name(target.bucket))
    reply.answer = s3_error(400, "InvalidBucketName", "The specified bucket is not valid.");
  else if (target.operation == "CreateBucket")
    reply.answer = create_bucket(target.bucket);
  else if (!files_.has_bucket(target.bucket))
    reply.answer = s3_error(404, "NoSuchBucket", "The specified bucket does not exist");
  else
    reply = target.key.empty() ? handle_bucket(target, request) : handle_object(target, request);
  if (request.method == "HEAD") {
    if (!reply.announced_length) reply.announced_length = reply.answer.body.size();
    reply.without_body = true;
  }
  return reply;
}

Reply S3::handle_bucket(const S3Target& target, const Request& request) {
  if (target.operation == "HeadBucket") return {.answer = {200, {{"x-amz-bucket-region", region_}}, ""}};
  if (target.operation == "DeleteBucket") return {.answer = delete_bucket(target.bucket)};
  auto parsed = parse_listing_request(request);
  if (auto* refused = std::get_if<Answer>(&parsed)) return {.answer = std::move(*refused)};
  const auto& listing = std::get<ListingRequest>(parsed);
  const auto keys = files_.keys(target.bucket, listing.prefix);
  if (!keys.ok()) return {.answer = internal_error()};
  std::optional<ListingPage> page = list_page(*keys, listing);
  if (!page)
    return {.answer = s3_error(400, "InvalidArgument", "The continuation token provided is incorrect")};
  std::vector<ObjectInfo> infos;
  std::vector<std::string> found;  // a file may have gone meanwhile
  for (std::string& key : page->keys) {
    const auto info = files_.info(target.bucket, key);
    if (!info.ok()) return {.answer = internal_error()};
    if (!*info) continue;
    infos.push_back(**info);
    found.push_back(std::move(key));
  }
  page->keys = std::move(found);
  return {.answer = write_listing(target.bucket, listing, *page, infos)};
}

Reply S3::handle_object(const S3Target& target, const Request& request) {
  const bool is_put = target.operation == "PutObject";
  if (!ObjectFiles::is_key(target.key)) {
    if (!is_put) return {.answer = no_such_key()};
    return {.answer = s3_error(400, "InvalidArgument",
                               "The emulator keeps objects as files and has no name for this key.")};
  }
  if (is_put) return {.answer = put_object(target, request)};
  if (target.operation != "DeleteObject") return get_object(target, request);
  if (!files_.remove(target.bucket, target.key).ok()) return {.answer = internal_error()};
  return {.answer = {204, {}, ""}, .without_body = true};
}

Answer S3::list_buckets() const {
  std::string out = "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner>" +
                    xml_element("ID", account_) + "</Owner><Buckets>";
  for (const std::string& bucket : files_.buckets())
    out += "<Bucket>" + xml_element("Name", bucket) +
           xml_element("CreationDate", base::format_rfc3339(files_.bucket_created_ms(bucket))) + "</Bucket>";
  return xml_answer(200, out + "</Buckets></ListAllMyBucketsResult>");
}

Answer S3::create_bucket(const std::string& bucket) {
  if (files_.has_bucket(bucket))
    return s3_error(409, "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.");
  if (!files_.create_bucket(bucket).ok()) return internal_error();
  return {200, {{"location", "/" + bucket}}, ""};
}

Answer S3::delete_bucket(const std::string& bucket) {
  const auto removed = files_.delete_bucket(bucket);
  if (removed.ok()) return {204, {}, ""};
  if (removed.error().code != ErrorCode::kNotAllowed) return internal_error();
  return s3_error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
}

Answer S3::put_object(const S3Target& target, const Request& request) {
  auto content = content_of(request);
  if (auto* refused = std::get_if<Answer>(&content)) return std::move(*refused);
  if (const std::string_view condition = request.header("if-none-match"); !condition.empty()) {
    const auto info = files_.info(target.bucket, target.key);
    if (!info.ok()) return internal_error();
    if (*info && matches(condition, (*info)->etag))
      return s3_error(412, "PreconditionFailed",
                      "At least one of the pre-conditions you specified did not hold");
  }
  const auto made = files_.put(target.bucket, target.key, std::get<std::string>(content));
  if (made.ok()) return {200, {{"etag", made->etag}}, ""};
  if (made.error().code != ErrorCode::kNotAllowed) return internal_error();
  return s3_error(409, "OperationAborted",
                  "The emulator keeps objects as files, and another key is in the way.");
}

Reply S3::get_object(const S3Target& target, const Request& request) {
  Reply reply;
  const bool is_head = target.operation == "HeadObject";
  std::optional<ObjectInfo> info;
  if (is_head) {
    const auto found = files_.info(target.bucket, target.key);
    if (!found.ok()) return {.answer = internal_error()};
    info = *found;
    if (info) reply.announced_length = info->size;
  } else {
    auto found = files_.read(target.bucket, target.key);
    if (!found.ok()) return {.answer = internal_error()};
    if (*found) {
      info = (*found)->info;
      reply.answer.body = std::move((*found)->bytes);
    }
  }
  if (!info) return {.answer = no_such_key()};
  add_object_headers(*info, reply.answer);
  const std::string_view condition = request.header("if-none-match");
  if (!condition.empty() && matches(condition, info->etag)) {
    reply.answer.status = 304;
    reply.answer.body.clear();
    reply.announced_length.reset();
    reply.without_body = true;
    return reply;
  }
  apply_range(request, reply);
  return reply;
}

}  // namespace nes::aws_emulator

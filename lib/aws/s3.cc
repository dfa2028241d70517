#include "aws/s3.h"

#include <charconv>

#include "aws/xml.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

bool parse_size(std::string_view text, std::uint64_t& size) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  return error == std::errc() && end == text.data() + text.size();
}

// Adds the objects of one page. Returns the token of the next one; empty if this is the last.
Result<std::string> take_page(std::string_view xml, std::string_view prefix, std::vector<S3Object>& objects) {
  NES_TRY_ASSIGN(const XmlElement root, parse_xml(xml));
  if (root.name != "ListBucketResult") return malformed("S3 answered with no list");
  const bool encoded = root.child_text("EncodingType") == "url";
  for (const XmlElement& element : root.children) {
    if (element.name != "Contents") continue;
    const std::string_view text = element.child_text("Key");
    const std::optional<std::string> key = encoded ? form_decode(text) : std::string(text);
    S3Object object;
    if (!key || key->empty() || !key->starts_with(prefix) ||
        !parse_size(element.child_text("Size"), object.size) || element.child_text("ETag").empty())
      return malformed("S3 listed an object without key, ETag or size, or of another prefix");
    object.key = *key;
    object.etag = element.child_text("ETag");
    objects.push_back(std::move(object));
  }
  const std::string_view truncated = root.child_text("IsTruncated");
  const std::string_view next = root.child_text("NextContinuationToken");
  if (truncated == "true" && !next.empty()) return std::string(next);
  if (truncated == "true" || (truncated != "false" && !truncated.empty()))
    return malformed("S3 does not say where the list goes on");
  return std::string();
}

}  // namespace

Call S3::begin(std::string_view key) const {
  const bool path_style = client_.has_endpoint_override() || bucket_.find('.') != std::string::npos;
  Call call{.service = Service::kS3,
            .method = http::Method::kGet,
            .host_prefix = path_style ? std::string() : bucket_ + ".",
            .path = path_style ? "/" + percent_encode(bucket_) : std::string(),
            .query = {},
            .headers = {},
            .body = {}};
  if (!key.empty() || !path_style) call.path += "/" + percent_encode_path(key);
  return call;
}

Result<std::vector<S3Object>> S3::list(std::string_view prefix) {
  std::vector<S3Object> objects;
  std::string token;
  for (std::size_t page = 0; page < limits::kAwsPages; ++page) {
    Call call = begin("");
    call.max_answer_bytes = limits::kAwsListPageBytes;
    // A key may have characters that XML cannot.
    call.query = {{"encoding-type", "url"}, {"list-type", "2"}, {"prefix", std::string(prefix)}};
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    NES_TRY_ASSIGN(const HttpAnswer answer, client_.call(call));
    if (answer.status != 200) return malformed("S3 answered a list with another status than 200");
    NES_TRY_ASSIGN(token, take_page(as_text(answer.body.reveal()), prefix, objects));
    if (token.empty()) return objects;
  }
  return Error{ErrorCode::kLimit, "a bucket has more objects than the limit"};
}

Result<std::optional<S3Content>> S3::get(std::string_view key, std::string_view if_none_match,
                                         std::size_t max_bytes) {
  if (key.empty()) return malformed("an object without a key");
  Call call = begin(key);
  call.max_answer_bytes = max_bytes;
  if (!if_none_match.empty()) call.headers.emplace_back("if-none-match", if_none_match);
  NES_TRY_ASSIGN(const HttpAnswer answer, client_.call(call));
  if (answer.status == 304 && !if_none_match.empty()) return std::optional<S3Content>();
  if (answer.status != 200) return malformed("S3 answered with another status than 200");
  return std::optional(
      S3Content{std::string(answer.header("etag")), std::string(as_text(answer.body.reveal()))});
}

}  // namespace nes::aws

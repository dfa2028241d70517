#include "devkit/aws_emulator/s3_listing.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "devkit/aws_emulator/xml_text.h"

namespace nes::aws_emulator {
namespace {

constexpr std::size_t kMaxKeys = 1000;

// The last item of a page: a key, or a common prefix with everything below it.
struct Place {
  bool is_prefix = false;
  std::string text;
};

std::string write_token(const Place& place) {
  return base::base64url_encode(as_bytes((place.is_prefix ? "p" : "k") + place.text));
}

std::optional<Place> read_token(std::string_view token) {
  const std::optional<Bytes> bytes = base::base64url_decode(token);
  if (!bytes || bytes->empty()) return std::nullopt;
  const std::string_view text = as_text(*bytes);
  if (text.front() != 'p' && text.front() != 'k') return std::nullopt;
  return Place{text.front() == 'p', std::string(text.substr(1))};
}

bool is_behind(std::string_view key, const Place& place) {
  return key > place.text && !(place.is_prefix && key.starts_with(place.text));
}

// What S3 does under encoding-type=url.
std::string encoded(std::string_view text, bool url_encoding) {
  if (!url_encoding) return std::string(text);
  std::string out;
  const std::string percent = aws::percent_encode_path(text);
  for (std::size_t i = 0; i < percent.size(); ++i) {
    const bool is_space = std::string_view(percent).substr(i).starts_with("%20");
    out += is_space ? '+' : percent[i];
    if (is_space) i += 2;
  }
  return out;
}

}  // namespace

std::variant<ListingRequest, Answer> parse_listing_request(const Request& request) {
  const auto text = [&](std::string_view name) { return std::string(request.parameter(name).value_or("")); };
  ListingRequest out{
      .prefix = text("prefix"), .delimiter = text("delimiter"), .start_after = text("start-after")};
  if (const auto token = request.parameter("continuation-token"))
    out.continuation_token = std::string(*token);
  const std::string encoding = text("encoding-type");
  out.url_encoding = encoding == "url";
  if (!encoding.empty() && !out.url_encoding)
    return s3_error(400, "InvalidArgument", "Invalid Encoding Method specified in Request");
  if (const auto max_keys = request.parameter("max-keys")) {
    const auto [end, error] =
        std::from_chars(max_keys->data(), max_keys->data() + max_keys->size(), out.max_keys);
    if (error != std::errc() || end != max_keys->data() + max_keys->size())
      return s3_error(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
    out.max_keys = std::min(out.max_keys, kMaxKeys);
  }
  return out;
}

std::optional<ListingPage> list_page(const std::vector<std::string>& keys, const ListingRequest& request) {
  Place after{false, request.start_after};
  if (request.continuation_token) {
    std::optional<Place> place = read_token(*request.continuation_token);
    if (!place) return std::nullopt;
    after = *std::move(place);
  }
  ListingPage out;
  if (request.max_keys == 0) return out;
  Place last;
  std::size_t items = 0;
  for (const std::string& key : keys) {
    if (!is_behind(key, after)) continue;
    if (items > 0 && last.is_prefix && key.starts_with(last.text)) continue;
    if (items == request.max_keys) {
      out.next_token = write_token(last);
      break;
    }
    const std::size_t end =
        request.delimiter.empty() ? std::string::npos : key.find(request.delimiter, request.prefix.size());
    last = end == std::string::npos ? Place{false, key}
                                    : Place{true, key.substr(0, end + request.delimiter.size())};
    (last.is_prefix ? out.common_prefixes : out.keys).push_back(last.text);
    ++items;
  }
  return out;
}

Answer write_listing(std::string_view bucket, const ListingRequest& request, const ListingPage& page,
                     const std::vector<ObjectInfo>& infos) {
  NES_CHECK(infos.size() == page.keys.size());
  const auto element = [&](std::string_view name, std::string_view text) {
    return xml_element(name, encoded(text, request.url_encoding));
  };
  std::string out = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  out += xml_element("Name", bucket) + element("Prefix", request.prefix);
  if (!request.delimiter.empty()) out += element("Delimiter", request.delimiter);
  if (!request.start_after.empty()) out += element("StartAfter", request.start_after);
  if (request.url_encoding) out += xml_element("EncodingType", "url");
  if (request.continuation_token) out += xml_element("ContinuationToken", *request.continuation_token);
  if (page.next_token) out += xml_element("NextContinuationToken", *page.next_token);
  out += xml_element("MaxKeys", std::to_string(request.max_keys)) +
         xml_element("KeyCount", std::to_string(page.keys.size() + page.common_prefixes.size())) +
         xml_element("IsTruncated", page.next_token ? "true" : "false");
  for (std::size_t i = 0; i < infos.size(); ++i)
    out += "<Contents>" + element("Key", page.keys[i]) +
           xml_element("LastModified", base::format_rfc3339(infos[i].changed_ms)) +
           xml_element("ETag", infos[i].etag) + xml_element("Size", std::to_string(infos[i].size)) +
           xml_element("StorageClass", "STANDARD") + "</Contents>";
  for (const std::string& prefix : page.common_prefixes)
    out += "<CommonPrefixes>" + element("Prefix", prefix) + "</CommonPrefixes>";
  return xml_answer(200, out + "</ListBucketResult>");
}

}  // namespace nes::aws_emulator

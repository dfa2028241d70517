#include "devkit/aws_emulator/s3_content.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "devkit/aws_emulator/aws_chunked.h"
#include "devkit/aws_emulator/digests.h"
#include "devkit/aws_emulator/xml_text.h"

namespace nes::aws_emulator {
namespace {

// What the header or trailer `name` says that the content's digest is must be so: false if it is not. True
// for a name that says nothing of it.
bool agrees(std::string_view name, std::string_view value, const std::string& content) {
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  if (name == "content-md5") {
    const auto digest = md5(content);
    return digest.ok() && base::base64_encode(*digest) == value;
  }
  if (!name.starts_with(kPrefix) || name == "x-amz-checksum-algorithm") return true;
  const auto digest = checksum(name.substr(kPrefix.size()), content);
  return digest.ok() && *digest == value;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

// The bytes that a single range asks for (RFC 9110 section 14.1.2); nothing if it is to be ignored.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
std::optional<Range> parse_range(std::string_view text, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = text.substr(dash + 1);
  if (first.empty()) {
    const auto suffix = number(last);
    if (!suffix) return std::nullopt;
    return Range{*suffix == 0 ? size : size - std::min(*suffix, size), size - 1};
  }
  const auto from = number(first);
  const auto to = last.empty() ? std::optional(size - 1) : number(last);
  if (!from || !to || *to < *from)
    return last.empty() && from ? std::optional(Range{*from, *from}) : std::nullopt;
  return Range{*from, std::min(*to, size - 1)};
}

}  // namespace

std::variant<std::string, Answer> content_of(const Request& request) {
  aws::Headers said = request.headers;
  std::string content = request.body;
  if (request.header("x-amz-content-sha256").starts_with("STREAMING-")) {
    auto body = decode_aws_chunked(request.body);
    if (!body.ok() || std::to_string(body->content.size()) != request.header("x-amz-decoded-content-length"))
      return s3_error(400, "IncompleteBody", "The request body terminated unexpectedly");
    content = std::move(body->content);
    said.insert(said.end(), body->trailers.begin(), body->trailers.end());
  }
  for (const auto& [name, value] : said)
    if (!agrees(lower(name), value, content))
      return s3_error(400, "BadDigest", "A checksum that you specified did not match what we received.");
  return content;
}

void apply_range(const Request& request, Reply& reply) {
  const std::string_view text = request.header("range");
  std::string& body = reply.answer.body;
  if (text.empty() || body.empty()) return;
  const std::optional<Range> range = parse_range(text, body.size());
  if (!range) return;
  if (range->first >= body.size()) {
    reply.answer = s3_error(416, "InvalidRange", "The requested range is not satisfiable");
    return;
  }
  reply.answer.status = 206;
  reply.answer.headers.emplace_back("content-range", "bytes " + std::to_string(range->first) + "-" +
                                                         std::to_string(range->last) + "/" +
                                                         std::to_string(body.size()));
  body = body.substr(range->first, range->last - range->first + 1);
}

}  // namespace nes::aws_emulator

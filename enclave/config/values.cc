#include "enclave/config/values.h"

#include <algorithm>

#include "base/bytes.h"
#include "json/literal.h"

namespace nes::config {
namespace {

// Fields that frame a message, that clients and intermediaries set by themselves, or that CONTRACTS section 2
// gives a meaning. In lower case.
constexpr std::string_view kTakenHeaders[] = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "age",
    "allow",
    "alt-svc",
    "authorization",
    "cache-control",
    "connection",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "preference-applied",
    "priority",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-fields-opened",
    "x-fields-sealed",
    "x-fields-unopened",
    "x-lines-failed",
    "x-request-id",
};

constexpr std::size_t kHeaderNameBytes = 64;
constexpr std::size_t kDnsNameBytes = 253;
constexpr std::size_t kDnsLabelBytes = 63;

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

}  // namespace

Value<bool> parse_boolean(std::string_view text) {
  return parse_choice<bool>(text, {{"true", true}, {"false", false}});
}

bool is_digit(char character) noexcept { return character >= '0' && character <= '9'; }

bool is_letter(char character) noexcept {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool is_alphanumeric_or(std::string_view text, std::string_view marks) noexcept {
  return std::all_of(text.begin(), text.end(), [marks](char c) {
    return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

bool is_dns_label(std::string_view text) noexcept {
  if (text.empty() || text.size() > kDnsLabelBytes || text.front() == '-' || text.back() == '-') return false;
  return is_alphanumeric_or(text, "-");
}

bool is_dns_name(std::string_view text) {
  if (text.size() > kDnsNameBytes) return false;
  const std::vector<std::string_view> labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), is_dns_label) && !all_digits(labels.back());
}

bool is_printable_utf8(std::string_view text) noexcept {
  if (!json::is_valid_utf8(text)) return false;
  std::uint8_t previous = 0;
  for (const std::uint8_t byte : as_bytes(text)) {
    const bool c1 = previous == 0xC2 && byte < 0xA0;  // U+0080..U+009F are C2 80..C2 9F
    if (byte < 0x20 || byte == 0x7F || c1) return false;
    previous = byte;
  }
  return true;
}

bool is_http_token(std::string_view text) noexcept {
  return !text.empty() && is_alphanumeric_or(text, "!#$%&'*+-.^_`|~");
}

Value<std::string> parse_schema_header_name(std::string_view text) {
  if (!is_http_token(text) || text.size() > kHeaderNameBytes) return Rejection{};
  if (std::find(std::begin(kTakenHeaders), std::end(kTakenHeaders), lower_case(text)) !=
      std::end(kTakenHeaders)) {
    return Rejection{"is a header with a meaning of its own"};
  }
  return std::string(text);
}

Value<std::string> parse_path(std::string_view text, std::size_t max_bytes) {
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
  if (text.empty() || text.size() > max_bytes || control) return Rejection{};
  return std::string(text);
}

}  // namespace nes::config

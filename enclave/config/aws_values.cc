#include "enclave/config/aws_values.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "enclave/config/values.h"
#include "json/reader.h"

namespace nes::config {
namespace {

constexpr std::size_t kAccountDigits = 12;
constexpr std::size_t kSecretNameBytes = 519;  // 512 and the suffix of `-` and six characters
constexpr std::size_t kS3PrefixBytes = 512;    // half of what a key may have

bool is_account(std::string_view text) {
  return text.size() == kAccountDigits && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_partition(std::string_view text) { return text == "aws" || text == "aws-cn" || text == "aws-us-gov"; }

bool is_secret_name(std::string_view text) {
  return !text.empty() && text.size() <= kSecretNameBytes && is_alphanumeric_or(text, "/_+=.@-");
}

bool all_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

bool is_uuid(std::string_view text) {
  constexpr std::array<std::size_t, 5> kDigits = {8, 4, 4, 4, 12};
  const std::vector<std::string_view> groups = split(text, '-');
  if (groups.size() != kDigits.size()) return false;
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    if (groups[i].size() != kDigits[i] || !all_hex(groups[i])) return false;
  }
  return true;
}

bool is_key_id(std::string_view text) {
  constexpr std::string_view kMultiRegion = "mrk-";
  constexpr std::size_t kMultiRegionDigits = 32;
  if (!text.starts_with(kMultiRegion)) return is_uuid(text);
  const std::string_view digits = text.substr(kMultiRegion.size());
  return digits.size() == kMultiRegionDigits && all_hex(digits);
}

bool is_ipv4_shaped(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return std::all_of(part.begin(), part.end(), is_digit);
         });
}

}  // namespace

bool is_region(std::string_view text) {
  constexpr std::size_t kRegionBytes = 32;
  const std::vector<std::string_view> parts = split(text, '-');
  if (parts.size() < 3 || text.size() > kRegionBytes) return false;
  const std::string_view number = parts.back();
  if (number.empty() || number.size() > 2 || !std::all_of(number.begin(), number.end(), is_digit))
    return false;
  return parts.front().size() == 2 && std::all_of(parts.begin(), parts.end() - 1, [](std::string_view part) {
           return !part.empty() &&
                  std::all_of(part.begin(), part.end(), [](char c) { return c >= 'a' && c <= 'z'; });
         });
}

Value<std::string> parse_region(std::string_view text) {
  if (!is_region(text)) return Rejection{};
  return std::string(text);
}

Value<SecretArn> parse_secret_arn(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() != 7 || parts[0] != "arn" || !is_partition(parts[1]) || parts[2] != "secretsmanager" ||
      !is_region(parts[3]) || !is_account(parts[4]) || parts[5] != "secret" || !is_secret_name(parts[6])) {
    return Rejection{};
  }
  return SecretArn{std::string(text), std::string(parts[3])};
}

Value<std::string> parse_kms_key_id(std::string_view text) {
  const Rejection alias{"is an alias; give the key's ARN or id"};
  constexpr std::string_view kKey = "key/";
  constexpr std::string_view kAlias = "alias/";
  if (text.starts_with(kAlias)) return alias;
  if (is_key_id(text)) return std::string(text);
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() != 6 || parts[0] != "arn" || !is_partition(parts[1]) || parts[2] != "kms" ||
      !is_region(parts[3]) || !is_account(parts[4])) {
    return Rejection{};
  }
  if (parts[5].starts_with(kAlias)) return alias;
  if (!parts[5].starts_with(kKey) || !is_key_id(parts[5].substr(kKey.size()))) return Rejection{};
  return std::string(text);
}

Value<std::string> parse_bucket(std::string_view text) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.'; };
  const auto at_end = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  if (text.size() < 3 || text.size() > 63 || !std::all_of(text.begin(), text.end(), inner) ||
      !at_end(text.front()) || !at_end(text.back()) || text.find("..") != std::string_view::npos ||
      is_ipv4_shaped(text) || text.starts_with("xn--") || text.starts_with("sthree-")) {
    return Rejection{};
  }
  return std::string(text);
}

Value<std::string> parse_s3_prefix(std::string_view text) {
  if (text.empty() || text.size() > kS3PrefixBytes || text.front() == '/' || !is_printable_utf8(text)) {
    return Rejection{};
  }
  return std::string(text);
}

Value<EncryptionContext> parse_encryption_context(std::string_view text) {
  if (text.size() > limits::kEncryptionContextBytes) return Rejection{"is longer than 8192 bytes"};
  json::Reader reader(text, 1);
  EncryptionContext context;
  std::string key;
  for (bool first = true;; first = false) {
    const Result<json::Event> event = reader.next();
    if (!event.ok()) return Rejection{};
    if (first && event->type != json::EventType::kBeginObject) return Rejection{};
    switch (event->type) {
      case json::EventType::kBeginObject:
      case json::EventType::kEndObject: break;
      case json::EventType::kKey: key = event->text; break;
      case json::EventType::kString:
        if (key.empty()) return Rejection{"has an empty key"};
        if (!context.emplace(key, event->text).second) return Rejection{"repeats a key"};
        break;
      case json::EventType::kEnd: return context;
      default: return Rejection{};
    }
  }
}

}  // namespace nes::config

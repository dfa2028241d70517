#include "policy/match.h"

#include <algorithm>
#include <array>
#include <optional>

namespace nes::policy {
namespace {

constexpr std::size_t kArnParts = 6;
constexpr std::size_t kAccountDigits = 12;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(char a, char b, Case letters) noexcept {
  return letters == Case::kSensitive ? a == b : lower(a) == lower(b);
}

// arn, partition, service, region, account, resource.
std::optional<std::array<std::string_view, kArnParts>> split_arn(std::string_view text) noexcept {
  std::array<std::string_view, kArnParts> parts;
  for (std::size_t i = 0; i + 1 < kArnParts; ++i) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts.back() = text;
  if (parts.front() != "arn") return std::nullopt;
  return parts;
}

bool is_account(std::string_view text) noexcept {
  return text.size() == kAccountDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

// Only the last `*` needs to be tried again: if what is between two stars fits somewhere, it fits at the
// first place.
bool matches_pattern(std::string_view pattern, std::string_view text, Case letters) noexcept {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t star = kNone;    // the last one seen
  std::size_t after_star = 0;  // where the text that it does not swallow begins
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      after_star = i;
    } else if (at < pattern.size() && (pattern[at] == '?' || same(pattern[at], text[i], letters))) {
      ++at;
      ++i;
    } else if (star != kNone) {
      at = star + 1;
      i = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

bool matches_arn(std::string_view pattern, std::string_view arn) noexcept {
  if (pattern == "*") return true;
  const auto patterns = split_arn(pattern);
  const auto parts = split_arn(arn);
  if (!patterns || !parts) return false;
  for (std::size_t i = 0; i < kArnParts; ++i)
    if (!matches_pattern((*patterns)[i], (*parts)[i], Case::kSensitive)) return false;
  return true;
}

bool is_arn(std::string_view text) noexcept { return split_arn(text).has_value(); }

std::string_view account_of(std::string_view principal) noexcept {
  if (is_account(principal)) return principal;
  const auto parts = split_arn(principal);
  if (!parts || (*parts)[2] != "iam" || !(*parts)[3].empty() || (*parts)[5] != "root") return {};
  return is_account((*parts)[4]) ? (*parts)[4] : std::string_view();
}

}  // namespace nes::policy

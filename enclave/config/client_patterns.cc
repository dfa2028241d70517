#include "enclave/config/client_patterns.h"

#include <algorithm>

#include "base/limits.h"
#include "enclave/config/values.h"

namespace nes::config {
namespace {

constexpr std::string_view kStar = "*";

// Characters of a label as CONTRACTS section 1 has them.
bool is_context_label(std::string_view text) {
  return !text.empty() && text.size() <= limits::kContextBytes && is_alphanumeric_or(text, "._:-");
}

// pchar of RFC 3986 section 3.3 without percent-encoding, `@` and `,`; `*` is one of its sub-delims.
bool is_segment(std::string_view text) { return is_alphanumeric_or(text, "-._~!$&'()*+;=:"); }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && is_alphanumeric_or(text, "+-.");
}

bool is_authority(std::string_view text) { return !text.empty() && is_alphanumeric_or(text, "-._:"); }

struct Uri {
  std::string origin;
  std::vector<std::string_view> segments;  // none without a path; one empty segment for the path `/`
};

std::optional<Uri> parse_uri(std::string_view text) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t scheme_end = text.find(kSeparator);
  if (scheme_end == std::string_view::npos || text.size() > limits::kSanUriBytes) return std::nullopt;
  const std::string_view rest = text.substr(scheme_end + kSeparator.size());
  const std::size_t slash = rest.find('/');
  if (!is_scheme(text.substr(0, scheme_end)) || !is_authority(rest.substr(0, slash))) return std::nullopt;
  Uri uri{lower_case(text.substr(0, scheme_end + kSeparator.size() + std::min(slash, rest.size()))), {}};
  if (slash != std::string_view::npos) uri.segments = split(rest.substr(slash + 1), '/');
  if (!std::all_of(uri.segments.begin(), uri.segments.end(), is_segment)) return std::nullopt;
  return uri;
}

bool star_matches(SanType type, std::string_view part) {
  return type == SanType::kDns || (!part.empty() && part != "." && part != "..");
}

bool has_partial_star(std::span<const std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part != kStar && part.find('*') != std::string_view::npos;
  });
}

// `*.b.*` is a name once each `*` is a label.
bool is_dns_pattern(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '*', 'a');
  return is_dns_name(name);
}

}  // namespace

bool ClientMatch::allows_context(std::string_view context) const noexcept {
  return labels.empty() || std::find(labels.begin(), labels.end(), context) != labels.end();
}

Value<ClientPatterns::Entry> ClientPatterns::parse_entry(std::string_view text) {
  constexpr std::string_view kDns = "DNS:";
  constexpr std::string_view kUri = "URI:";
  std::vector<std::string_view> pieces = split(text, '@');
  std::string_view name = pieces.front();
  Entry entry;
  std::vector<std::string_view> parts;
  if (name.starts_with(kDns)) {
    name.remove_prefix(kDns.size());
    entry.type = SanType::kDns;
    parts = split(name, '.');
    if (has_partial_star(parts)) return Rejection{"has a * that is not a whole label"};
    if (!is_dns_pattern(name)) return Rejection{"is not a DNS name"};
  } else if (name.starts_with(kUri)) {
    entry.type = SanType::kUri;
    auto uri = parse_uri(name.substr(kUri.size()));
    if (!uri) return Rejection{"is not scheme://authority/path without query, fragment or percent-encoding"};
    parts = std::move(uri->segments);
    entry.origin = std::move(uri->origin);
    if (has_partial_star(parts)) return Rejection{"has a * that is not a whole path segment"};
  } else {
    return Rejection{"does not begin with DNS: or URI:"};
  }
  for (const std::string_view part : parts) {
    entry.parts.push_back(entry.type == SanType::kDns ? lower_case(part) : std::string(part));
  }
  if (pieces.size() - 1 > limits::kClientPatternLabels) return Rejection{"has more than 64 labels"};
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    if (!is_context_label(pieces[i]))
      return Rejection{"has a label that is not 1 to 64 of A-Z a-z 0-9 . _ : -"};
    entry.labels.emplace_back(pieces[i]);
  }
  return entry;
}

Value<ClientPatterns> ClientPatterns::parse(std::string_view text) {
  ClientPatterns patterns;
  if (text == "nobody") return patterns;
  if (text == "anonymous") {
    patterns.kind_ = Kind::kAnonymous;
    return patterns;
  }
  patterns.kind_ = Kind::kList;
  for (const std::string_view piece : split(text, ',')) {
    const std::string number = "entry " + std::to_string(patterns.size() + 1) + " ";
    Value<Entry> parsed = parse_entry(piece);
    if (const auto* rejection = std::get_if<Rejection>(&parsed)) return Rejection{number + rejection->what};
    Entry& entry = *std::get_if<Entry>(&parsed);
    // The second would never be reached, and its labels never granted.
    const bool repeated =
        std::any_of(patterns.entries_.begin(), patterns.entries_.end(), [&entry](const Entry& other) {
          return entry.type == other.type && entry.origin == other.origin && entry.parts == other.parts;
        });
    if (repeated) return Rejection{number + "repeats an earlier one; give all labels in one place"};
    if (patterns.size() == limits::kClientPatterns) return Rejection{"has more than 1000 entries"};
    patterns.entries_.push_back(std::move(entry));
  }
  return patterns;
}

bool ClientPatterns::matches(const Entry& entry, const San& san) {
  if (san.type != entry.type) return false;
  std::string lower;
  std::vector<std::string_view> parts;
  if (san.type == SanType::kDns) {
    if (!is_dns_name(san.value)) return false;
    lower = lower_case(san.value);
    parts = split(lower, '.');
  } else {
    auto uri = parse_uri(san.value);
    if (!uri || uri->origin != entry.origin) return false;
    parts = std::move(uri->segments);
  }
  return std::equal(parts.begin(), parts.end(), entry.parts.begin(), entry.parts.end(),
                    [&san](std::string_view part, const std::string& pattern) {
                      return pattern == kStar ? star_matches(san.type, part) : part == pattern;
                    });
}

std::optional<ClientMatch> ClientPatterns::match(std::span<const San> sans) const {
  if (kind_ == Kind::kNobody) return std::nullopt;
  if (kind_ == Kind::kAnonymous) return ClientMatch{};
  for (std::size_t pattern = 0; pattern < entries_.size(); ++pattern) {
    for (std::size_t san = 0; san < sans.size(); ++san) {
      if (matches(entries_[pattern], sans[san])) return ClientMatch{san, pattern, entries_[pattern].labels};
    }
  }
  return std::nullopt;
}

}  // namespace nes::config

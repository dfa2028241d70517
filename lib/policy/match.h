// The comparisons of policies: texts without regard to case, and patterns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nes::policy {

enum class Case : std::uint8_t { kSensitive, kIgnored };

// ASCII alone: the names that policies compare are ASCII.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

// Whether `pattern` describes the whole of `text`: `*` is any number of characters, `?` is one (a byte).
bool matches_pattern(std::string_view pattern, std::string_view text, Case letters) noexcept;

// The same for ARNs: each of the six parts that colons separate on its own, so that no wildcard reaches into
// the next part; the sixth has the rest, colons included. A text that is no ARN is matched by nothing but
// `*`.
bool matches_arn(std::string_view pattern, std::string_view arn) noexcept;

// Whether `text` begins with arn: and has six parts.
bool is_arn(std::string_view text) noexcept;

// The account of `principal`, if that is an account: 12 digits, or arn:PARTITION:iam::ACCOUNT:root. Else
// empty.
std::string_view account_of(std::string_view principal) noexcept;

}  // namespace nes::policy

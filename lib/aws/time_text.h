// The three ways in which AWS writes a time. Strict: one spelling each, and a date that the calendar has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nes::aws {

// 2026-01-02T03:04:05Z, optionally with a fraction of 1 to 9 digits, which is dropped (RFC 3339, UTC only),
// as milliseconds since 1970. Years 1970 to 9999.
std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text);

// Fri, 02 Jan 2026 03:04:05 GMT (IMF-fixdate, RFC 9110 section 5.6.7). The day's name is not checked.
std::optional<std::int64_t> parse_http_date_ms(std::string_view text);

std::string format_http_date(std::int64_t unix_ms);

// 20260102T030405Z, as SigV4 has it. Years 1970 to 9999, else the process ends.
std::string format_amz_date(std::int64_t unix_ms);
std::optional<std::int64_t> parse_amz_date_ms(std::string_view text);

}  // namespace nes::aws

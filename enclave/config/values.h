// Parsers of single values that know nothing of the variable they belong to. Each accepts the whole text or
// refuses it; none trims, none reads anything but its argument.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "enclave/config/variable.h"

namespace nes::config {

// Decimal digits without sign or leading zeros, min <= value <= max.
template <typename T>
Value<T> parse_integer(std::string_view text, T min, T max) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool canonical = !text.empty() && text.front() != '-' && (text.front() != '0' || text.size() == 1);
  if (error != std::errc() || end != text.data() + text.size() || !canonical || value < min || value > max) {
    return Rejection{};
  }
  return value;
}

template <typename T>
struct Choice {
  std::string_view text;
  T value;
};

// One of the choices, in exactly their spelling.
template <typename T, std::size_t N>
Value<T> parse_choice(std::string_view text, const Choice<T> (&choices)[N]) {
  for (const Choice<T>& choice : choices) {
    if (choice.text == text) return choice.value;
  }
  return Rejection{};
}

// Exactly `true` or `false`.
Value<bool> parse_boolean(std::string_view text);

// ASCII only; the locale plays no part.
bool is_digit(char character) noexcept;
bool is_letter(char character) noexcept;
// Whether every character is a letter, a digit or one of `marks`.
bool is_alphanumeric_or(std::string_view text, std::string_view marks) noexcept;
std::string lower_case(std::string_view text);

// The pieces between separators: one more than there are separators, possibly empty. Views into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// Labels of letters, digits and inner hyphens, at most 63 each and 253 in all, no trailing dot (RFC 1123
// section 2.1). A name whose last label is all digits is refused: it would be taken for an IPv4 address.
bool is_dns_label(std::string_view text) noexcept;
bool is_dns_name(std::string_view text);

// UTF-8 without U+0000..U+001F and U+007F..U+009F.
bool is_printable_utf8(std::string_view text) noexcept;

// token of RFC 9110 section 5.6.2.
bool is_http_token(std::string_view text) noexcept;

// A field name of at most 64 characters that HTTP and this service have no use of their own for.
Value<std::string> parse_schema_header_name(std::string_view text);

// A path of the file system: at most `max_bytes` bytes, no control characters.
Value<std::string> parse_path(std::string_view text, std::size_t max_bytes);

}  // namespace nes::config

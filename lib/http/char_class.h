// The character classes of HTTP messages, as one table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace nes::http {

enum CharClass : std::uint8_t {
  kTokenChar = 1,   // tchar (RFC 9110 section 5.6.2)
  kValueChar = 2,   // of a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 section 5.5)
  kTargetChar = 4,  // of a request target: VCHAR without `#`, which no target may hold (RFC 9112 section 3.2)
  kHostChar = 8,    // of uri-host [":" port] (RFC 3986 section 3.2) without the comma: it would be two Hosts
  kVisible = 16,    // VCHAR
};

namespace internal {

consteval std::array<std::uint8_t, 256> char_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, CharClass klass) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= klass;
  };
  for (unsigned c = 0x21; c <= 0x7E; ++c) table[c] = kVisible | kValueChar | kTargetChar;
  for (unsigned c = 0x80; c <= 0xFF; ++c) table[c] = kValueChar;
  add("\t ", kValueChar);
  for (const std::string_view alphanumeric :
       {"0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
    add(alphanumeric, kTokenChar);
    add(alphanumeric, kHostChar);
  }
  add("!#$%&'*+-.^_`|~", kTokenChar);
  add("-._~%:[]!$&'()*+;=", kHostChar);
  table['#'] &= static_cast<std::uint8_t>(~unsigned{kTargetChar});
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = char_classes();

}  // namespace internal

inline bool is_in(char c, CharClass klass) noexcept {
  return (internal::kCharClasses[static_cast<unsigned char>(c)] & klass) != 0;
}

inline bool is_all(std::string_view text, CharClass klass) noexcept {
  for (const char c : text)
    if (!is_in(c, klass)) return false;
  return true;
}

// Optional white space (RFC 9110 section 5.6.3) removed from both ends.
inline std::string_view trim(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace nes::http

// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nes::base {

// The number of bytes, 1 to 4, of the well-formed sequence that `text` begins with; 0 if it begins with none
// or is empty. The second byte's range depends on the first (RFC 3629 section 4).
constexpr std::size_t utf8_sequence_size(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) noexcept {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto is_tail = [byte](std::size_t i) noexcept { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return is_tail(1) ? 2 : 0;
  const std::uint8_t second = byte(1);
  if (first < 0xF0) {
    const std::uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
    const std::uint8_t high = first == 0xED ? 0x9F : 0xBF;
    return second >= low && second <= high && is_tail(2) ? 3 : 0;
  }
  if (first > 0xF4) return 0;
  const std::uint8_t low = first == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high && is_tail(2) && is_tail(3) ? 4 : 0;
}

// Whether `text` is UTF-8 all through.
constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace nes::base

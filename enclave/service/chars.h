// Bytes as the characters that HTTP sees.
#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"

namespace nes::service {

inline std::span<char> as_chars(ByteSpan bytes) noexcept {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}
inline std::span<const char> as_chars(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string_view chars_as_text(std::span<const char> chars) noexcept {
  return {chars.data(), chars.size()};
}
inline ByteView chars_as_bytes(std::span<const char> chars) noexcept {
  return as_bytes(chars_as_text(chars));
}

}  // namespace nes::service

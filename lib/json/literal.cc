#include "json/literal.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/json_text.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "json/lexer.h"

namespace nes::json {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr auto kCanonicalEscapes = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = base::json_escape(static_cast<std::uint8_t>(i));
  return table;
}();

constexpr auto kCanonicalSizes = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const char letter = kCanonicalEscapes[i];
    table[i] = letter == '\0' ? 1 : letter == 'u' ? 6 : 2;
  }
  return table;
}();

// The value of four digits that are known to be hexadecimal.
std::uint32_t hex4(const char* digits) noexcept {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char digit = digits[i];
    const int base = digit <= '9' ? '0' : digit <= 'F' ? 'A' - 10 : 'a' - 10;
    value = value << 4 | static_cast<std::uint32_t>(digit - base);
  }
  return value;
}

char* write_utf8(std::uint32_t code_point, char* out) noexcept {
  const auto tail = [code_point](int shift) noexcept {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) {
    *out++ = static_cast<char>(code_point);
    return out;
  }
  if (code_point < 0x800) {
    *out++ = static_cast<char>(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      *out++ = static_cast<char>(0xE0 | code_point >> 12);
    } else {
      *out++ = static_cast<char>(0xF0 | code_point >> 18);
      *out++ = tail(12);
    }
    *out++ = tail(6);
  }
  *out++ = tail(0);
  return out;
}

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

struct Unescaped {
  std::size_t size;
  bool lone_surrogate;  // at least one, each written as U+FFFD
};

// No escape is shorter than what it stands for: \uXXXX gives at most three bytes, a pair of them four.
Unescaped unescape(std::string_view inner, char* out) noexcept {
  char* const first = out;
  bool lone = false;
  while (!inner.empty()) {
    const std::size_t plain = std::min(inner.find('\\'), inner.size());
    if (plain != 0) std::memcpy(out, inner.data(), plain);
    out += plain;
    inner.remove_prefix(plain);
    if (inner.empty()) break;
    const char letter = inner[1];
    inner.remove_prefix(2);
    switch (letter) {
      case 'b': *out++ = '\b'; continue;
      case 'f': *out++ = '\f'; continue;
      case 'n': *out++ = '\n'; continue;
      case 'r': *out++ = '\r'; continue;
      case 't': *out++ = '\t'; continue;
      case 'u': break;
      default: *out++ = letter; continue;  // quote, backslash, slash
    }
    std::uint32_t unit = hex4(inner.data());
    inner.remove_prefix(4);
    if (is_high_surrogate(unit) && inner.size() >= 6 && inner[0] == '\\' && inner[1] == 'u') {
      if (const std::uint32_t low = hex4(inner.data() + 2); is_low_surrogate(low)) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        inner.remove_prefix(6);
      }
    }
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      lone = true;
      std::memcpy(out, kReplacement.data(), kReplacement.size());
      out += kReplacement.size();
    } else {
      out = write_utf8(unit, out);
    }
  }
  return {static_cast<std::size_t>(out - first), lone};
}

}  // namespace

bool is_canonical(std::string_view inner) noexcept {
  for (std::size_t at = inner.find('\\'); at != std::string_view::npos; at = inner.find('\\', at)) {
    const char letter = inner[at + 1];
    if (letter == '/') return false;
    if (letter != 'u') {
      at += 2;
      continue;
    }
    const std::uint32_t unit = hex4(inner.data() + at + 2);
    if (unit >= 0x20 || kCanonicalEscapes[unit] != 'u') return false;
    if (inner[at + 5] != kHex[unit & 0xF]) return false;
    at += 6;
  }
  return true;
}

std::optional<std::size_t> unescape_to(std::string_view inner, char* out) noexcept {
  const Unescaped result = unescape(inner, out);
  if (result.lone_surrogate) return std::nullopt;
  return result.size;
}

std::size_t unescape_replacing_to(std::string_view inner, char* out) noexcept {
  return unescape(inner, out).size;
}

std::size_t canonical_size(std::string_view text) noexcept {
  std::size_t size = 0;
  for (const char byte : text) size += kCanonicalSizes[static_cast<std::uint8_t>(byte)];
  return size;
}

void write_canonical(std::string_view text, char* out) noexcept {
  for (const char byte : text) {
    const char letter = kCanonicalEscapes[static_cast<std::uint8_t>(byte)];
    if (letter == '\0') {
      *out++ = byte;
      continue;
    }
    *out++ = '\\';
    *out++ = letter;
    if (letter != 'u') continue;
    *out++ = '0';
    *out++ = '0';
    *out++ = kHex[byte >> 4];
    *out++ = kHex[byte & 0xF];
  }
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = base::utf8_sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool is_valid_inner(std::string_view inner) noexcept {
  Lexer lexer(inner);
  bool escaped = false;
  return lexer.string_body(escaped) && lexer.at_end();
}

bool is_valid_value(std::string_view text) noexcept {
  Lexer lexer(text);
  return lexer.value(limits::kJsonDepth) && lexer.at_end();
}

}  // namespace nes::json

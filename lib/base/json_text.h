// JSON string literals for what the program itself says: log lines and errors. Documents go through json/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nes::base {

// How the canonical spelling of strings (CONTRACTS section 5) writes a byte: 0 if as it is, `u` if as \u00xx
// in lower case, else the letter of its two-byte escape.
constexpr char json_escape(std::uint8_t byte) noexcept {
  switch (byte) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\f': return 'f';
    case '\r': return 'r';
    default: return byte < 0x20 ? 'u' : '\0';
  }
}

// Appends `text` to `out` as a JSON string in canonical spelling, quotes included. Each byte that belongs to
// no well-formed sequence of UTF-8 becomes U+FFFD, so that the result is valid whatever `text` is.
void append_quoted(std::string& out, std::string_view text);

}  // namespace nes::base

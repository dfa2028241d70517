#include "base/json_text.h"

#include "base/utf8.h"

namespace nes::base {

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  out += '"';
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    const auto byte = static_cast<std::uint8_t>(text.front());
    if (size == 0) {
      out += kReplacement;
    } else if (const char letter = json_escape(byte); letter == '\0') {
      out += text.substr(0, size);
    } else {
      out += '\\';
      out += letter;
      if (letter == 'u') {
        out += "00";
        out += kHex[byte >> 4];
        out += kHex[byte & 0xF];
      }
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

}  // namespace nes::base

#include "aws/uri.h"

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"

namespace nes::aws {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string encode(std::string_view text, char kept) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (kept != '\0' && c == kept)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

// `plus` is what a plus sign means.
std::optional<std::string> decode(std::string_view text, char plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? plus : text[i];
      continue;
    }
    const std::optional<Bytes> byte = base::hex_decode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

}  // namespace

std::string percent_encode(std::string_view text) { return encode(text, '\0'); }
std::string percent_encode_path(std::string_view path) { return encode(path, '/'); }

std::string canonical_query(const Query& query) {
  Query encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) { return decode(text, '+'); }
std::optional<std::string> form_decode(std::string_view text) { return decode(text, ' '); }

std::optional<Query> parse_query(std::string_view text) {
  Query out;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    std::optional<std::string> name = percent_decode(item.substr(0, equals));
    std::optional<std::string> value = percent_decode(item.substr(std::min(equals + 1, item.size())));
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

}  // namespace nes::aws

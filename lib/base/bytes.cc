#include "base/bytes.h"

#include <array>

namespace nes::base {
namespace {

using Alphabet = std::array<char, 64>;
using Inverse = std::array<std::uint8_t, 256>;

constexpr std::uint8_t kInvalid = 0xFF;

constexpr Alphabet make_alphabet(char c62, char c63) {
  Alphabet alphabet{};
  std::size_t n = 0;
  for (char c = 'A'; c <= 'Z'; ++c) alphabet[n++] = c;
  for (char c = 'a'; c <= 'z'; ++c) alphabet[n++] = c;
  for (char c = '0'; c <= '9'; ++c) alphabet[n++] = c;
  alphabet[62] = c62;
  alphabet[63] = c63;
  return alphabet;
}

constexpr Inverse make_inverse(const Alphabet& alphabet) {
  Inverse inverse{};
  for (auto& entry : inverse) entry = kInvalid;
  for (std::size_t i = 0; i < 64; ++i)
    inverse[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return inverse;
}

constexpr Alphabet kStandard = make_alphabet('+', '/');
constexpr Alphabet kUrl = make_alphabet('-', '_');
constexpr Inverse kStandardInverse = make_inverse(kStandard);
constexpr Inverse kUrlInverse = make_inverse(kUrl);

std::size_t encode_unpadded(const Alphabet& alphabet, ByteView bytes, char* out) noexcept {
  char* const begin = out;
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const std::uint32_t group =
        static_cast<std::uint32_t>(in[0]) << 16 | static_cast<std::uint32_t>(in[1]) << 8 | in[2];
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[group >> 12 & 63];
    out[2] = alphabet[group >> 6 & 63];
    out[3] = alphabet[group & 63];
  }
  if (left == 0) return static_cast<std::size_t>(out - begin);
  const std::uint32_t group =
      static_cast<std::uint32_t>(in[0]) << 16 | (left == 2 ? static_cast<std::uint32_t>(in[1]) << 8 : 0U);
  *out++ = alphabet[group >> 18];
  *out++ = alphabet[group >> 12 & 63];
  if (left == 2) *out++ = alphabet[group >> 6 & 63];
  return static_cast<std::size_t>(out - begin);
}

bool decode_unpadded(const Inverse& inverse, std::string_view text, std::uint8_t* out) noexcept {
  const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t left = text.size();
  std::uint8_t bad =
      0;  // collects bit 7 (kInvalid), so that the loop has one exit and no data-dependent branch
  for (; left >= 4; left -= 4, in += 4, out += 3) {
    const std::uint8_t a = inverse[in[0]], b = inverse[in[1]], c = inverse[in[2]], d = inverse[in[3]];
    bad |= static_cast<std::uint8_t>(a | b | c | d);
    out[0] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    out[1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
    out[2] = static_cast<std::uint8_t>(c << 6 | d);
  }
  if (left == 1) return false;
  if (left >= 2) {
    const std::uint8_t a = inverse[in[0]], b = inverse[in[1]];
    bad |= static_cast<std::uint8_t>(a | b);
    out[0] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    std::uint8_t rest = static_cast<std::uint8_t>(b << 4);
    if (left == 3) {
      const std::uint8_t c = inverse[in[2]];
      bad |= c;
      out[1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
      rest = static_cast<std::uint8_t>(c << 6);
    }
    if (rest != 0) return false;  // unused bits: another spelling of the same bytes
  }
  return (bad & 0x80) == 0;
}

std::uint8_t hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return kInvalid;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high == kInvalid || low == kInvalid) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::size_t base64url_encode_to(ByteView bytes, char* out) noexcept {
  return encode_unpadded(kUrl, bytes, out);
}

bool base64url_decode_to(std::string_view text, std::uint8_t* out) noexcept {
  return decode_unpadded(kUrlInverse, text, out);
}

std::string base64url_encode(ByteView bytes) {
  std::string text(base64url_encoded_size(bytes.size()), '\0');
  encode_unpadded(kUrl, bytes, text.data());
  return text;
}

std::optional<Bytes> base64url_decode(std::string_view text) {
  Bytes bytes(base64url_decoded_size(text.size()));
  if (!decode_unpadded(kUrlInverse, text, bytes.data())) return std::nullopt;
  return bytes;
}

std::string base64_encode(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  encode_unpadded(kStandard, bytes, text.data());
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  Bytes bytes(base64url_decoded_size(text.size()));
  if (!decode_unpadded(kStandardInverse, text, bytes.data())) return std::nullopt;
  return bytes;
}

}  // namespace nes::base

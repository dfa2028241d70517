// Views of bytes, and the three text forms of bytes that the formats here use: hex, base64 (RFC 4648
// section 4) and base64url without padding (RFC 4648 section 5). Decoding is strict: exactly one text decodes
// to a given byte string; no white space, no missing or extra padding, and unused bits are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nes::base {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void store_u32be(std::uint32_t value, std::uint8_t* out) noexcept {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}
inline void store_u64be(std::uint64_t value, std::uint8_t* out) noexcept {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

// Lower-case hex, two digits a byte.
std::string hex_encode(ByteView bytes);
// Accepts both cases; nothing for an odd length or another character.
std::optional<Bytes> hex_decode(std::string_view text);

// Number of characters that n bytes take in base64url without padding. n is at most SIZE_MAX / 2.
constexpr std::size_t base64url_encoded_size(std::size_t n) noexcept {
  return n / 3 * 4 + (n % 3 == 0 ? 0 : n % 3 + 1);
}
// Upper bound, and for a valid text the exact number, of bytes that n characters of base64url decode to.
constexpr std::size_t base64url_decoded_size(std::size_t n) noexcept { return n / 4 * 3 + (n % 4) * 3 / 4; }

// Writes base64url_encoded_size(bytes.size()) characters to `out`; returns that number.
std::size_t base64url_encode_to(ByteView bytes, char* out) noexcept;
// Writes base64url_decoded_size(text.size()) bytes to `out` and returns true, or returns false if `text` is
// not the canonical encoding of any byte string (`out` is then unspecified).
bool base64url_decode_to(std::string_view text, std::uint8_t* out) noexcept;

std::string base64url_encode(ByteView bytes);
std::optional<Bytes> base64url_decode(std::string_view text);

// With padding, as RFC 4648 section 4 has it.
std::string base64_encode(ByteView bytes);
std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace nes::base

namespace nes {
using base::as_bytes;
using base::as_text;
using base::Bytes;
using base::ByteSpan;
using base::ByteView;
}  // namespace nes

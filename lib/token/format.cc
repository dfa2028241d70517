#include "token/format.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace nes::token {
namespace {

bool is_kid_digit(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// By pieces of whole groups, so that a text of any size is checked in a buffer of fixed size.
bool is_base64url(std::string_view text) noexcept {
  constexpr std::size_t kPiece = 256;
  static_assert(kPiece % 4 == 0);
  std::array<std::uint8_t, base::base64url_decoded_size(kPiece)> discarded{};
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPiece);
    if (!base::base64url_decode_to(piece, discarded.data())) return false;
    text.remove_prefix(piece.size());
  }
  return true;
}

}  // namespace

std::optional<V2Text> parse_v2(std::string_view text) noexcept {
  if (!text.starts_with(kV2Prefix)) return std::nullopt;
  text.remove_prefix(kV2Prefix.size());
  V2Text parsed{};
  const std::size_t kid_size = parsed.kid.size();
  if (text.size() <= kid_size || text[kid_size] != '.') return std::nullopt;
  const std::string_view kid = text.substr(0, kid_size);
  if (!std::all_of(kid.begin(), kid.end(), is_kid_digit)) return std::nullopt;
  std::copy(kid.begin(), kid.end(), parsed.kid.begin());
  parsed.sealed = text.substr(kid_size + 1);
  if (base::base64url_decoded_size(parsed.sealed.size()) < kMinV2Bytes) return std::nullopt;
  return parsed;
}

std::optional<V1Text> parse_v1(std::string_view text) noexcept {
  constexpr std::size_t kNonceChars = base::base64url_encoded_size(kNonceSize);
  if (!text.starts_with(kV1Prefix)) return std::nullopt;
  text.remove_prefix(kV1Prefix.size());
  if (text.size() <= kNonceChars || text[kNonceChars] != '.') return std::nullopt;
  const V1Text parsed{.nonce = text.substr(0, kNonceChars), .sealed = text.substr(kNonceChars + 1)};
  if (base::base64url_decoded_size(parsed.sealed.size()) < kTagSize) return std::nullopt;
  return parsed;
}

bool looks_like_token(std::string_view text) noexcept {
  if (const auto v2 = parse_v2(text)) return is_base64url(v2->sealed);
  if (const auto v1 = parse_v1(text)) return is_base64url(v1->nonce) && is_base64url(v1->sealed);
  return false;
}

}  // namespace nes::token

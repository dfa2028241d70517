// The text of tokens, without their cryptography:
//   v2  "v2." kid "." base64url(nonce || ciphertext || tag)
//   v1  "v1." base64url(nonce) "." base64url(ciphertext || tag)
// Views point into the text that was parsed.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "token/token.h"

namespace nes::token {

struct V2Text {
  KeyId kid;
  std::string_view sealed;  // base64url of at least kMinV2Bytes, alphabet not yet checked
};
struct V1Text {
  std::string_view nonce;   // base64url of kNonceSize, alphabet not yet checked
  std::string_view sealed;  // base64url of at least kTagSize, alphabet not yet checked
};

inline constexpr std::string_view kV2Prefix = "v2.";
inline constexpr std::string_view kV1Prefix = "v1.";
inline constexpr std::size_t kMinV2Bytes = kNonceSize + 1 + kTagSize;  // the type byte is always there

// Nothing if `text` cannot be a token of that version. Decoding the parts with base64url_decode_to completes
// the check of its form.
std::optional<V2Text> parse_v2(std::string_view text) noexcept;
std::optional<V1Text> parse_v1(std::string_view text) noexcept;

}  // namespace nes::token

// Tokens: one part of the input is opened as a token, the rest sealed as a value. Properties:
// - opening arbitrary text neither crashes nor leaves anything behind when it fails;
// - text that opens has the form of a token, and is the one spelling of its bytes;
// - text without that form is kTokenRejected;
// - a token that opens and has a deterministic nonce is what sealing its plaintext gives;
// - what was sealed opens to itself, and, deterministically sealed, is sealed to the same text again.
//
// Input: a byte of flags, a byte with the length of the context, the context, then the text or value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "secret/secret.h"
#include "token/token.h"

namespace {

using nes::ByteView;
using nes::ErrorCode;
using nes::secret::SecretBytes;
using nes::token::KeyId;
using nes::token::Mode;
using nes::token::TokenCipher;

// The DEK of the first vectors in testdata/vectors/token_v2.json, so that the corpus holds tokens that open.
std::unique_ptr<TokenCipher> make_cipher() {
  SecretBytes dek(32);
  for (std::size_t i = 0; i < dek.size(); ++i) dek.reveal_mutable()[i] = static_cast<std::uint8_t>(i);
  auto key = nes::token::DataKey::derive(dek).value();
  return TokenCipher::make(nes::token::KeySet::make({std::move(key)}).value(), {.accept_v1 = true}).value();
}

// Decoded and encoded again, a token's parts give the same text. (A kid's eight digits are base64url as
// well.)
bool is_canonical(std::string_view token) {
  std::string again(token.substr(0, 2));
  for (std::size_t dot = 2, next = 0; dot != std::string_view::npos; dot = next) {
    next = token.find('.', dot + 1);
    const std::string_view part =
        token.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1);
    const auto bytes = nes::base::base64url_decode(part);
    NES_CHECK(bytes.has_value());
    again += '.' + nes::base::base64url_encode(*bytes);
  }
  return again == token;
}

void open_text(TokenCipher& cipher, std::string_view context, std::string_view text) {
  const std::string previous[] = {"", "payments.card"};
  SecretBytes plaintext;
  const auto opened = cipher.open(context, previous, text, plaintext, nullptr);
  if (!opened.ok()) {
    NES_CHECK(plaintext.empty());
    const ErrorCode code = opened.error().code;
    NES_CHECK(code == ErrorCode::kTokenRejected || code == ErrorCode::kKeyNotLoaded);
    NES_CHECK(code == ErrorCode::kTokenRejected || nes::token::looks_like_token(text));
    return;
  }
  NES_CHECK(nes::token::looks_like_token(text) && is_canonical(text) && !plaintext.empty());
  if (text.starts_with("v1.")) {
    NES_CHECK(plaintext.reveal()[0] == 's');
    return;
  }
  NES_CHECK(text.size() == nes::token::token_size(plaintext.size()));
  // Equal up to the nonce, a hash of the plaintext, means equal: nobody made a second token of it.
  constexpr std::size_t kThroughNonce = 12 + nes::base::base64url_encoded_size(nes::token::kNonceSize);
  for (const std::string_view tried :
       {context, std::string_view(previous[0]), std::string_view(previous[1])}) {
    SecretBytes sealed;
    NES_CHECK(cipher.seal(Mode::kDeterministic, tried, plaintext.reveal(), sealed).ok());
    const std::string_view again = nes::as_text(sealed.reveal());
    NES_CHECK(again == text || again.substr(0, kThroughNonce) != text.substr(0, kThroughNonce));
  }
}

void seal_value(TokenCipher& cipher, Mode mode, std::string_view context, ByteView value) {
  if (value.empty()) return;
  SecretBytes token, again, opened;
  NES_CHECK(cipher.seal(mode, context, value, token).ok());
  NES_CHECK(cipher.seal(mode, context, value, again).ok());
  const bool equal = std::ranges::equal(token.reveal(), again.reveal());
  NES_CHECK(equal == (mode == Mode::kDeterministic));
  const std::string_view text = nes::as_text(token.reveal());
  NES_CHECK(text.size() == nes::token::token_size(value.size()));
  NES_CHECK(nes::token::looks_like_token(text));
  KeyId kid{};
  NES_CHECK(cipher.open(context, {}, text, opened, &kid).ok());
  NES_CHECK(std::ranges::equal(opened.reveal(), value));
  NES_CHECK(text.substr(3, kid.size()) == std::string_view(kid.data(), kid.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<TokenCipher> cipher = make_cipher();
  if (size < 2) return 0;
  const ByteView rest(data + 2, size - 2);
  const std::size_t context_size = std::min({std::size_t{data[1]}, rest.size(), nes::limits::kContextBytes});
  const std::string_view context = nes::as_text(rest.first(context_size));
  const ByteView subject = rest.subspan(context_size);
  if ((data[0] & 1) == 0) {
    open_text(*cipher, context, nes::as_text(subject));
  } else {
    seal_value(*cipher, (data[0] & 2) == 0 ? Mode::kRandomized : Mode::kDeterministic, context, subject);
  }
  return 0;
}

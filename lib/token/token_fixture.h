// For tests alone: ciphers from named keys, and seal and open on text.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "token/token.h"

namespace nes::token {

inline std::shared_ptr<const DataKey> data_key(std::uint8_t fill) {
  return DataKey::derive(secret::SecretBytes::copy_of(Bytes(32, fill))).value();
}

// A cipher over the keys `fills`, newest first.
inline std::unique_ptr<TokenCipher> cipher_of(std::initializer_list<std::uint8_t> fills,
                                              bool accept_v1 = false) {
  std::vector<std::shared_ptr<const DataKey>> keys;
  for (const std::uint8_t fill : fills) keys.push_back(data_key(fill));
  return TokenCipher::make(KeySet::make(std::move(keys)).value(), {.accept_v1 = accept_v1}).value();
}

inline std::string kid_text(const KeyId& kid) { return {kid.data(), kid.size()}; }

inline std::string seal(TokenCipher& cipher, Mode mode, std::string_view context,
                        std::string_view plaintext) {
  secret::SecretBytes out;
  EXPECT_TRUE(cipher.seal(mode, context, as_bytes(plaintext), out).ok());
  return std::string(as_text(out.reveal()));
}

struct Opened {
  bool ok = false;
  ErrorCode code = ErrorCode::kInternal;  // of a failure
  std::string plaintext;
  std::string kid;
};

// Opens behind bytes that are already there, and checks that they stay.
inline Opened open(TokenCipher& cipher, std::string_view token, std::string_view context = "",
                   std::span<const std::string> previous_contexts = {}) {
  constexpr std::string_view kBefore = "before";
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes(kBefore));
  KeyId kid{};
  const auto result = cipher.open(context, previous_contexts, token, out, &kid);
  const std::string_view text = as_text(out.reveal());
  EXPECT_EQ(text.substr(0, kBefore.size()), kBefore);
  if (!result.ok()) {
    EXPECT_EQ(text.size(), kBefore.size()) << "an error leaves the output as it was";
    EXPECT_EQ(kid, KeyId{});
    return {.ok = false, .code = result.error().code, .plaintext = "", .kid = ""};
  }
  return {
      .ok = true, .code = {}, .plaintext = std::string(text.substr(kBefore.size())), .kid = kid_text(kid)};
}

inline void expect_rejected(TokenCipher& cipher, std::string_view token, std::string_view context = "") {
  const Opened opened = open(cipher, token, context);
  EXPECT_FALSE(opened.ok) << token;
  EXPECT_EQ(opened.code, ErrorCode::kTokenRejected) << token;
}

}  // namespace nes::token

// A transform that can be undone without keys, for tests and fuzzing: a "token" is the plaintext in hex
// behind `t`. Rule 1 of json::plan_for_test() is deterministic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "json/locate.h"
#include "json/plan.h"
#include "rewrite/plaintext.h"
#include "secret/secret.h"

namespace nes::rewrite {

inline constexpr json::RuleIndex kDeterministicForTest = 1;

inline std::string token_for_test(std::string_view literal, json::ValueType type, bool deterministic) {
  secret::SecretBytes plaintext;
  encode_plaintext(literal, type, deterministic, plaintext);
  return "\"t" + base::hex_encode(plaintext.reveal()) + "\"";
}

inline Result<bool> seal_for_test(std::string_view literal, json::ValueType type, json::RuleIndex rule,
                                  secret::SecretBytes& out) {
  out.append(as_bytes(token_for_test(literal, type, rule == kDeterministicForTest)));
  return true;
}

inline Result<bool> open_for_test(std::string_view literal, json::ValueType type, json::RuleIndex,
                                  secret::SecretBytes& out) {
  constexpr Error kRejected{ErrorCode::kTokenRejected, "not a token of the test"};
  if (type != json::ValueType::kString || !literal.starts_with("\"t")) return kRejected;
  const std::optional<Bytes> plaintext = base::hex_decode(literal.substr(2, literal.size() - 3));
  if (!plaintext) return kRejected;
  NES_TRY(decode_plaintext(*plaintext, out));
  return true;
}

}  // namespace nes::rewrite

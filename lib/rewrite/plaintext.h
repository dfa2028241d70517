// What a token carries of a value: a type byte, then the value (CONTRACTS section 5).
//   s  the unescaped UTF-8 of a string whose literal is canonical, or that is sealed deterministically
//   r  the raw bytes between the quotes of any other string, lone surrogates included
//   j  the JSON text of a number, boolean, object or array
#pragma once

#include <string_view>

#include "base/result.h"
#include "json/locate.h"
#include "secret/secret.h"

namespace nes::rewrite {

// Appends the plaintext of a checked `literal` to `out`. Never called for null.
void encode_plaintext(std::string_view literal, json::ValueType type, bool deterministic,
                      secret::SecretBytes& out);

// Appends the JSON text that `plaintext` stands for to `out`. kTokenRejected, and `out` as before, if it is
// not something that encode_plaintext writes: the result of success is always one valid JSON value.
Result<void> decode_plaintext(ByteView plaintext, secret::SecretBytes& out);

}  // namespace nes::rewrite

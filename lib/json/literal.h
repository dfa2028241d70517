// String literals of JSON: the bytes between the quotes, and what they stand for (RFC 8259 section 7).
// "inner" is a literal's raw bytes without its quotes, already checked by locate() unless said otherwise.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace nes::json {

// CONTRACTS section 5: \" \\ \b \t \n \f \r are written so, other U+0000..U+001F as \u00xx in lower case, and
// everything else, `/` and U+007F and up included, literally.
bool is_canonical(std::string_view inner) noexcept;

// Unescapes into `out`, which has room for inner.size() bytes; returns the number of bytes of UTF-8 written,
// or nothing if the literal has a lone surrogate (which no UTF-8 text can hold).
std::optional<std::size_t> unescape_to(std::string_view inner, char* out) noexcept;
// The same, but each lone surrogate becomes U+FFFD: for keys, which a plan must be able to match. To the
// patterns of a schema such a key has a character there, so `^.*$` seals its value.
std::size_t unescape_replacing_to(std::string_view inner, char* out) noexcept;

// Size of the canonical inner spelling of `text`, UTF-8.
std::size_t canonical_size(std::string_view text) noexcept;
// Writes canonical_size(text) bytes.
void write_canonical(std::string_view text, char* out) noexcept;

// Checks of untrusted pieces, for plaintexts that come out of a token.
bool is_valid_utf8(std::string_view text) noexcept;
// Whether `"` + inner + `"` is one valid JSON string.
bool is_valid_inner(std::string_view inner) noexcept;
// Whether `text` is exactly one valid JSON value, without white space around it.
bool is_valid_value(std::string_view text) noexcept;

}  // namespace nes::json

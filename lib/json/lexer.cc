#include "json/lexer.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.h"
#include "base/utf8.h"

namespace nes::json {
namespace {

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

bool is_hex_digit(char byte) noexcept {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

constexpr std::size_t kVector = sizeof(__m256i);

// Bit i is set if block[i] is a quote, a backslash, a control character or not ASCII. The signed comparison
// finds the last two together: bytes from 0x80 are negative.
std::uint32_t specials(const char* block) noexcept {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  const __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
  const __m256i backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
  const __m256i other = _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), bytes);
  const __m256i any = _mm256_or_si256(_mm256_or_si256(quote, backslash), other);
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(any));
}

std::uint64_t specials64(const char* block) noexcept {
  return specials(block) | std::uint64_t{specials(block + kVector)} << kVector;
}

bool is_space(char byte) noexcept { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

// Bit i is set unless block[i] is white space. The table is indexed by a byte's low half; no entry but the
// four of white space equals a byte that selects it, and a byte from 0x80 selects zero.
std::uint32_t not_spaces(const char* block) noexcept {
  const __m256i table = _mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0,  //
                                         ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  const __m256i space = _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(table, bytes));
  return ~static_cast<std::uint32_t>(_mm256_movemask_epi8(space));
}

}  // namespace

const char* Lexer::find_special_beyond(const char* from) noexcept {
  const auto size = static_cast<std::size_t>(end_ - begin_);
  auto at = static_cast<std::size_t>(from - begin_);
  if (at - block_ < kBlock) at = std::min(block_ + kBlock, size);  // nothing is left in the block
  while (at < size) {
    if (size < kBlock) {
      std::array<char, kBlock> text;
      std::fill(std::copy(begin_, end_, text.begin()), text.end(), ' ');
      block_ = 0;
      specials_ = specials64(text.data());
    } else {
      block_ = std::min(at, size - kBlock);
      specials_ = specials64(begin_ + block_);
    }
    if (const std::uint64_t rest = specials_ >> (at - block_); rest != 0)
      return begin_ + at + std::countr_zero(rest);
    at = std::min(block_ + kBlock, size);
  }
  return end_;
}

bool Lexer::string_body(bool& escaped) noexcept {
  for (;;) {
    at_ = find_special(at_);
    if (at_ == end_ || *at_ == '"') return true;
    if (*at_ == '\\') {
      escaped = true;
      if (!escape()) return false;
    } else if (!multibyte_run()) {
      return false;
    }
  }
}

void Lexer::skip_space_run() noexcept {
  // One space or line end is the common case; indentation comes in runs.
  if (!is_space(*at_)) return;
  if (++at_ == end_ || !is_space(*at_)) return;
  while (end_ - at_ >= static_cast<std::ptrdiff_t>(kVector)) {
    if (const std::uint32_t mask = not_spaces(at_); mask != 0) {
      at_ += std::countr_zero(mask);
      return;
    }
    at_ += kVector;
  }
  while (at_ != end_ && is_space(*at_)) ++at_;
}

bool Lexer::escape() noexcept {
  ++at_;
  switch (peek()) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': ++at_; return true;
    case 'u': break;
    default: return fail("an escape is not one of JSON's");
  }
  ++at_;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (!is_hex_digit(peek())) return fail("an escape needs four hexadecimal digits");
  }
  return true;
}

bool Lexer::multibyte_run() noexcept {
  if (static_cast<std::uint8_t>(*at_) < 0x20) return fail("a control character in a string");
  while (at_ != end_ && static_cast<std::uint8_t>(*at_) >= 0x80) {
    const std::size_t size = base::utf8_sequence_size({at_, static_cast<std::size_t>(end_ - at_)});
    if (size == 0) return fail("a string is not UTF-8");
    at_ += size;
  }
  return true;
}

bool Lexer::word(std::string_view text) noexcept {
  for (const char byte : text) {
    if (!take(byte)) return fail("a value is expected");
  }
  return true;
}

bool Lexer::digits() noexcept {
  if (!is_digit(peek())) return fail("a digit is expected");
  while (is_digit(peek())) ++at_;
  return true;
}

// RFC 8259 section 6: [ "-" ] int [ frac ] [ exp ].
bool Lexer::number() noexcept {
  take('-');
  if (!take('0') && !digits()) return false;
  if (take('.') && !digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    return digits();
  }
  return true;
}

bool Lexer::scalar() noexcept {
  switch (peek()) {
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    case '-': return number();
    default: return is_digit(peek()) ? number() : fail("a value is expected");
  }
}

bool Lexer::container(std::size_t depth) noexcept {
  std::array<char, limits::kJsonDepth + 1> closers;  // of the open arrays and objects; written before read
  if (depth > closers.size()) depth = closers.size();
  std::size_t open = 0;
  StringToken string_token;
  for (;;) {
    // At a value.
    if (const char first = peek(); first == '"') {
      if (!string(string_token)) return false;
    } else if (first == '{' || first == '[') {
      if (open == depth) return fail("nested too deeply");
      const char closer = first == '{' ? '}' : ']';
      ++at_;
      skip_space();
      if (!take(closer)) {
        closers[open++] = closer;
        if (closer == '}' && !member_name(string_token)) return false;
        continue;
      }
    } else if (!scalar()) {
      return false;
    }
    // After a value: close what ends here, and step over a comma to the next value.
    for (;; --open) {
      if (open == 0) return true;
      const char closer = closers[open - 1];
      skip_space();
      if (take(',')) {
        skip_space();
        if (closer == '}' && !member_name(string_token)) return false;
        break;
      }
      if (!take(closer)) return fail("a comma or a closing bracket is expected");
    }
  }
}

}  // namespace nes::json

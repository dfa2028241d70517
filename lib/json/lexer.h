// The tokens of JSON (RFC 8259): the lexer that the locator, the reader and the checks of single pieces
// share.
//
// A Lexer stands at a byte of a text that it never reads past. Every function that can fail returns false and
// leaves the lexer at the byte at which the text stops being JSON, with a reason; nothing may be asked of it
// after that but offset() and reason(). Strings are checked in full: UTF-8, escapes, control characters.
//
// Thread rule: a value; no shared state. The text must outlive it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace nes::json {

// The bytes between the quotes, and whether a backslash is among them.
struct StringToken {
  std::string_view inner;
  bool escaped = false;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  base::StaticText reason() const noexcept { return reason_; }
  bool at_end() const noexcept { return at_ == end_; }
  // The next byte; NUL at the end, which no rule of the grammar takes either.
  char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }

  // Steps over `byte` and returns true if it is next.
  bool take(char byte) noexcept {
    if (at_ == end_ || *at_ != byte) return false;
    ++at_;
    return true;
  }
  void skip_space() noexcept {
    if (at_ == end_ || static_cast<std::uint8_t>(*at_) > ' ') return;
    skip_space_run();
  }

  // At a string: steps over it.
  bool string(StringToken& token) noexcept {
    if (!take('"')) return fail("a string is expected");
    const char* const first = at_;
    token.escaped = false;
    at_ = find_special(at_);
    if (peek() != '"' && !string_body(token.escaped)) return false;
    token.inner = {first, static_cast<std::size_t>(at_ - first)};
    return take('"') || fail("a string is not closed");
  }
  // Within a string: steps to its closing quote or to the end of the text, whichever is first. Sets `escaped`
  // if a backslash was passed.
  bool string_body(bool& escaped) noexcept;

  // At an object's member: steps over the name, the colon and white space, to the value.
  bool member_name(StringToken& name) noexcept {
    if (!string(name)) return false;
    skip_space();
    if (!take(':')) return fail("a colon is expected");
    skip_space();
    return true;
  }

  // At a value that is neither string, array nor object: steps over it.
  bool scalar() noexcept;
  // At any value: steps over it. At most `depth` arrays and objects may be nested in it, itself included.
  bool value(std::size_t depth) noexcept {
    const char first = peek();
    if (first == '{' || first == '[') return container(depth);
    StringToken token;
    return first == '"' ? string(token) : scalar();
  }

  // Returns false, for `return lexer.fail("why")`.
  bool fail(base::StaticText reason) noexcept {
    reason_ = reason;
    return false;
  }

 private:
  static constexpr std::size_t kBlock = 64;

  // The first byte from `from` on that is a quote, a backslash, a control character or not ASCII, or end_.
  // Most strings are shorter than a block: what is known of the block that one string was found in serves the
  // next, so that a string costs a shift and not a load.
  const char* find_special(const char* from) noexcept {
    if (const std::size_t offset = in_block(from); offset < kBlock) {
      if (const std::uint64_t rest = specials_ >> offset; rest != 0) return from + std::countr_zero(rest);
    }
    return find_special_beyond(from);
  }

  const char* find_special_beyond(const char* from) noexcept;
  // At least kBlock if `from` is not in the block.
  std::size_t in_block(const char* from) const noexcept {
    return static_cast<std::size_t>(from - begin_) - block_;
  }
  void skip_space_run() noexcept;
  bool escape() noexcept;                      // at a backslash
  bool multibyte_run() noexcept;               // at a control character or at bytes that are not ASCII
  bool container(std::size_t depth) noexcept;  // at an array or object
  bool word(std::string_view text) noexcept;
  bool number() noexcept;
  bool digits() noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t block_ = 0 - kBlock;  // offset of the block that specials_ is of; at first before the text
  std::uint64_t specials_ = 0;      // bit i: byte i of the block is special
  base::StaticText reason_ = "";
};

}  // namespace nes::json

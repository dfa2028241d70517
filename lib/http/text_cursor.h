// The cursor that the parser of request heads reads through: every step checks what is left.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/char_class.h"

namespace nes::http {

class TextCursor {
 public:
  // Starts at offset `at` of `text`, which must outlive the cursor and every view that it returns.
  TextCursor(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) {}

  std::size_t position() const noexcept { return at_; }
  bool at_end() const noexcept { return at_ == text_.size(); }

  // The longest run of characters of `klass` from here; may be empty.
  std::string_view take_while(CharClass klass) noexcept {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_in(text_[at_], klass)) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Takes `expected` if it comes next; else takes nothing and returns false.
  bool take(char expected) noexcept {
    if (at_end() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view expected) noexcept {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  // The value of the digit that comes next; -1, and nothing taken, if none does.
  int take_digit() noexcept {
    if (at_end() || text_[at_] < '0' || text_[at_] > '9') return -1;
    return text_[at_++] - '0';
  }

 private:
  std::string_view text_;
  std::size_t at_;
};

}  // namespace nes::http

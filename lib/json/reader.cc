#include "json/reader.h"

#include <algorithm>

#include "json/literal.h"

namespace nes::json {

Result<Event> Reader::next() {
  if (failure_) return *failure_;
  lexer_.skip_space();
  if (state_ == State::kAfterValue && closers_.empty()) {
    if (!lexer_.at_end()) return failed(ErrorCode::kMalformedJson, "bytes follow the value");
    return Event{EventType::kEnd, {}, line()};
  }
  if (state_ == State::kFirst || state_ == State::kAfterValue) {
    if (lexer_.peek() == closers_.back()) return close();
    if (state_ == State::kAfterValue) {
      if (!lexer_.take(',')) {
        return failed(ErrorCode::kMalformedJson, "a comma or a closing bracket is expected");
      }
      lexer_.skip_space();
    }
    state_ = closers_.back() == '}' ? State::kKey : State::kValue;
  }
  return state_ == State::kKey ? key() : value();
}

Result<Event> Reader::key() {
  const std::uint32_t at_line = line();
  StringToken token;
  if (!lexer_.member_name(token)) return failed(ErrorCode::kMalformedJson, lexer_.reason());
  const std::optional<std::string_view> text = unescaped(token);
  if (!text) return failed(ErrorCode::kMalformedJson, "a key has a lone surrogate");
  state_ = State::kValue;
  return Event{EventType::kKey, *text, at_line};
}

Result<Event> Reader::value() {
  const std::uint32_t at_line = line();
  switch (lexer_.peek()) {
    case '{': return open('}', at_line);
    case '[': return open(']', at_line);
    case '"': return string(at_line);
    default: return scalar(at_line);
  }
}

Result<Event> Reader::scalar(std::uint32_t at_line) {
  const std::size_t begin = lexer_.offset();
  const char first = lexer_.peek();
  if (!lexer_.scalar()) return failed(ErrorCode::kMalformedJson, lexer_.reason());
  state_ = State::kAfterValue;
  switch (first) {
    case 't': return Event{EventType::kTrue, {}, at_line};
    case 'f': return Event{EventType::kFalse, {}, at_line};
    case 'n': return Event{EventType::kNull, {}, at_line};
    default: return Event{EventType::kNumber, text_.substr(begin, lexer_.offset() - begin), at_line};
  }
}

Result<Event> Reader::string(std::uint32_t at_line) {
  StringToken token;
  if (!lexer_.string(token)) return failed(ErrorCode::kMalformedJson, lexer_.reason());
  const std::optional<std::string_view> text = unescaped(token);
  if (!text) return failed(ErrorCode::kMalformedJson, "a string has a lone surrogate");
  state_ = State::kAfterValue;
  return Event{EventType::kString, *text, at_line};
}

Result<Event> Reader::open(char closer, std::uint32_t at_line) {
  if (closers_.size() >= max_depth_) return failed(ErrorCode::kLimit, "nested too deeply");
  lexer_.take(lexer_.peek());
  closers_.push_back(closer);
  state_ = State::kFirst;
  return Event{closer == '}' ? EventType::kBeginObject : EventType::kBeginArray, {}, at_line};
}

Event Reader::close() {
  const std::uint32_t at_line = line();
  const char closer = closers_.back();
  lexer_.take(closer);
  closers_.pop_back();
  state_ = State::kAfterValue;
  return {closer == '}' ? EventType::kEndObject : EventType::kEndArray, {}, at_line};
}

std::optional<std::string_view> Reader::unescaped(const StringToken& token) {
  if (!token.escaped) return token.inner;
  unescape_.resize(token.inner.size());
  const std::optional<std::size_t> size = unescape_to(token.inner, unescape_.data());
  if (!size) return std::nullopt;
  return std::string_view(unescape_).substr(0, *size);
}

std::uint32_t Reader::line() noexcept {
  const std::string_view passed = text_.substr(counted_, lexer_.offset() - counted_);
  line_ += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
  counted_ = lexer_.offset();
  return line_;
}

Error Reader::failed(ErrorCode code, base::StaticText reason) noexcept {
  failure_ = Error{code, reason, line()};
  return *failure_;
}

}  // namespace nes::json

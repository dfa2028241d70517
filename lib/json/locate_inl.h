// The bodies of locate.h's templates. Include locate.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "json/lexer.h"
#include "json/literal.h"
#include "json/locate.h"

namespace nes::json::inside {

inline constexpr std::string_view kPayload = "payload";

// An envelope's payload may be as deep as a document is.
constexpr std::size_t depth_of(Shape shape) noexcept {
  return shape == Shape::kEnvelope ? limits::kJsonDepth + 1 : limits::kJsonDepth;
}

// The type of the valid value that begins with `first`.
constexpr ValueType type_of(char first) noexcept {
  switch (first) {
    case '"': return ValueType::kString;
    case '{': return ValueType::kObject;
    case '[': return ValueType::kArray;
    case 't':
    case 'f': return ValueType::kBoolean;
    case 'n': return ValueType::kNull;
    default: return ValueType::kNumber;
  }
}

// At an object: calls on_member(name) with the lexer at each member's value. on_member steps over the value;
// if it returns false, so does for_each_member, at once.
template <typename OnMember>
bool for_each_member(Lexer& lexer, OnMember on_member) {
  lexer.take('{');
  lexer.skip_space();
  if (lexer.take('}')) return true;
  StringToken name;
  for (;;) {
    if (!lexer.member_name(name) || !on_member(name)) return false;
    lexer.skip_space();
    if (lexer.take('}')) return true;
    if (!lexer.take(',')) return lexer.fail("a comma or a closing brace is expected");
    lexer.skip_space();
  }
}

// At an array: calls on_element(index) likewise.
template <typename OnElement>
bool for_each_element(Lexer& lexer, OnElement on_element) {
  lexer.take('[');
  lexer.skip_space();
  if (lexer.take(']')) return true;
  for (std::size_t index = 0;; ++index) {
    if (!on_element(index)) return false;
    lexer.skip_space();
    if (lexer.take(']')) return true;
    if (!lexer.take(',')) return lexer.fail("a comma or a closing bracket is expected");
    lexer.skip_space();
  }
}

// A member's name as a plan knows it. The view is valid until the next call, and no longer than the text.
class KeyText {
 public:
  std::string_view operator()(const StringToken& name) {
    if (!name.escaped) return name.inner;
    buffer_.resize(name.inner.size());
    return std::string_view(buffer_).substr(0, unescape_replacing_to(name.inner, buffer_.data()));
  }

 private:
  std::string buffer_;
};

// Recursion goes as deep as `depth` lets it, and only where something is planned.
template <Plan P>
class Locator {
 public:
  Locator(std::string_view text, const P& plan, std::vector<Located>& located, base::Room* room) noexcept
      : lexer_(text), plan_(plan), located_(located), room_(room) {}

  Result<void> run(Shape shape, PlanState start) {
    lexer_.skip_space();
    if (!(shape == Shape::kEnvelope ? envelope(start) : value(start, depth_of(shape)))) return failure();
    lexer_.skip_space();
    if (!lexer_.at_end()) {
      lexer_.fail("bytes follow the value");
      return failure();
    }
    if (!is_envelope_) return Error{ErrorCode::kMalformedRequest, "not an envelope", not_envelope_at_};
    return {};
  }

 private:
  // That the text is no envelope is told only once it is known to be JSON: until the end it is noted.
  bool envelope(PlanState start) {
    if (lexer_.peek() != '{') {
      note_not_envelope();
      return lexer_.value(depth_of(Shape::kEnvelope));
    }
    bool has_payload = false;
    const bool valid = for_each_member(lexer_, [&](const StringToken& name) {
      if (has_payload || key_text_(name) != kPayload) note_not_envelope();
      has_payload = true;
      return value(start, limits::kJsonDepth);
    });
    if (!has_payload) note_not_envelope();
    return valid;
  }

  void note_not_envelope() noexcept {
    if (is_envelope_) not_envelope_at_ = lexer_.offset();
    is_envelope_ = false;
  }

  bool value(PlanState state, std::size_t depth) {
    if (state == kNothingPlanned) return lexer_.value(depth);
    const char first = lexer_.peek();
    if (const RuleIndex rule = plan_.rule(state); rule != kNoRule) {
      const std::size_t begin = lexer_.offset();
      if (!lexer_.value(depth)) return false;
      if (located_.size() == located_.capacity() && !may_grow()) return false;
      located_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(lexer_.offset()),
                          rule, type_of(first)});
      return true;
    }
    if (first != '{' && first != '[') return lexer_.value(depth);
    if (depth == 0) return lexer_.fail("nested too deeply");
    if (first == '{') {
      return for_each_member(lexer_, [&](const StringToken& name) {
        return value(plan_.member(state, key_text_(name)), depth - 1);
      });
    }
    return for_each_element(lexer_,
                            [&](std::size_t index) { return value(plan_.element(state, index), depth - 1); });
  }

  // While a vector grows to twice its size, what it had is there too.
  bool may_grow() {
    const std::size_t bytes = located_.capacity() * sizeof(Located);
    if (room_ == nullptr || 2 * bytes <= limits::kKeptBufferBytes) return true;
    const Result<void> held = room_->hold(3 * bytes);
    if (!held.ok()) no_room_ = held.error();
    return held.ok();
  }

  Error failure() const noexcept {
    return no_room_.value_or(Error{ErrorCode::kMalformedJson, lexer_.reason(), lexer_.offset()});
  }

  Lexer lexer_;
  const P& plan_;
  std::vector<Located>& located_;
  base::Room* const room_;
  std::optional<Error> no_room_;
  KeyText key_text_;
  bool is_envelope_ = true;
  std::size_t not_envelope_at_ = 0;
};

// Walks to the value at an offset; the path is put together from its end on the way back.
template <Plan P>
class PathFinder {
 public:
  PathFinder(std::string_view text, const P& plan, std::size_t offset) noexcept
      : lexer_(text), plan_(plan), offset_(offset) {}

  std::string run(Shape shape, PlanState start) {
    lexer_.skip_space();
    if (shape == Shape::kEnvelope && lexer_.peek() == '{') {
      for_each_member(lexer_, [&](const StringToken&) { return pass(start, limits::kJsonDepth); });
    } else {
      pass(start, limits::kJsonDepth);
    }
    return std::move(path_);
  }

 private:
  // False at the value that is sought.
  bool pass(PlanState state, std::size_t depth) {
    const char first = lexer_.peek();
    if (lexer_.offset() == offset_) {
      found_ = true;
      return false;
    }
    if ((first != '{' && first != '[') || depth == 0) return lexer_.value(depth);
    if (first == '{') {
      return for_each_member(lexer_, [&](const StringToken& name) {
        const bool planned = state != kNothingPlanned;
        if (pass(planned ? plan_.member(state, key_text_(name)) : kNothingPlanned, depth - 1)) return true;
        if (found_) prepend(planned && plan_.names(state, key_text_(name)) ? pointer_token(name) : "*");
        return false;
      });
    }
    return for_each_element(lexer_, [&](std::size_t index) {
      const PlanState child = state == kNothingPlanned ? kNothingPlanned : plan_.element(state, index);
      if (pass(child, depth - 1)) return true;
      if (found_) prepend(std::to_string(index));
      return false;
    });
  }

  void prepend(std::string_view token) { path_.insert(0, std::string("/").append(token)); }

  std::string pointer_token(const StringToken& name) {
    std::string token;
    for (const char byte : key_text_(name)) {
      if (byte == '~') {
        token += "~0";
      } else if (byte == '/') {
        token += "~1";
      } else {
        token += byte;
      }
    }
    return token;
  }

  Lexer lexer_;
  const P& plan_;
  std::size_t offset_;
  bool found_ = false;
  KeyText key_text_;
  std::string path_;
};

}  // namespace nes::json::inside

namespace nes::json {

template <Plan P>
Result<void> locate(std::string_view text, Shape shape, const P& plan, PlanState start,
                    std::vector<Located>& located, base::Room* room) {
  if (text.size() > limits::kJsonDocumentBytes) {
    return Error{ErrorCode::kBodyTooLarge, "a document is too large"};
  }
  return inside::Locator<P>(text, plan, located, room).run(shape, start);
}

template <Plan P>
std::string path_of(std::string_view text, Shape shape, const P& plan, PlanState start,
                    std::uint32_t offset) {
  return inside::PathFinder<P>(text, plan, offset).run(shape, start);
}

}  // namespace nes::json

#include "http/prefer.h"

#include <cstddef>

#include "base/check.h"
#include "http/char_class.h"
#include "http/request_head.h"
#include "http/text_cursor.h"

namespace nes::http {
namespace {

void skip_space(TextCursor& text) noexcept {
  while (text.take(' ') || text.take('\t')) continue;
}

// What follows the opening quote. A value that needs a quoted-pair is none that is known, so that pairs are
// only stepped over.
bool quoted(TextCursor& text, std::string_view all, std::string_view& word) noexcept {
  const std::size_t begin = text.position();
  for (;;) {
    if (text.at_end()) return false;
    const char next = all[text.position()];
    if (next == '"') break;
    if (!is_in(next, kValueChar)) return false;
    text.take(next);
    if (next != '\\') continue;
    if (text.at_end() || !is_in(all[text.position()], kValueChar)) return false;
    text.take(all[text.position()]);
  }
  word = all.substr(begin, text.position() - begin);
  return text.take('"');
}

// token [ BWS "=" BWS word ], with or without a value.
bool pair(TextCursor& text, std::string_view all, std::string_view& name, std::string_view& value) noexcept {
  name = text.take_while(kTokenChar);
  if (name.empty()) return false;
  value = {};
  skip_space(text);
  if (!text.take('=')) return true;
  skip_space(text);
  if (text.take('"')) return quoted(text, all, value);
  value = text.take_while(kTokenChar);
  return !value.empty();
}

}  // namespace

bool Preferences::add(std::string_view field_value) noexcept {
  TextCursor text(field_value, 0);
  for (;;) {
    skip_space(text);
    if (text.at_end()) return true;
    if (text.take(',')) continue;  // empty elements of a list are allowed (RFC 9110 section 5.6.1.2)
    std::string_view name, value, parameter, ignored;
    if (!pair(text, field_value, name, value)) return false;
    for (skip_space(text); text.take(';'); skip_space(text)) {
      skip_space(text);
      const bool is_empty =
          text.at_end() || field_value[text.position()] == ';' || field_value[text.position()] == ',';
      if (!is_empty && !pair(text, field_value, parameter, ignored)) return false;
    }
    if (!text.at_end() && !text.take(',')) return false;
    note(name, value);
  }
}

void Preferences::note(std::string_view name, std::string_view value) noexcept {
  if (!saw_handling_ && equals_ignore_case(name, "handling")) {
    saw_handling_ = true;
    if (value == "strict") handling = Handling::kStrict;
    if (value == "lenient") handling = Handling::kLenient;
  } else if (!saw_sealed_ && equals_ignore_case(name, "sealed")) {
    saw_sealed_ = true;
    keep_sealed = value == "keep";
  }
}

std::string_view preference_applied(Handling handling, bool keep_sealed) noexcept {
  switch (handling) {
    case Handling::kDefault: return keep_sealed ? "sealed=keep" : "";
    case Handling::kStrict: return keep_sealed ? "handling=strict, sealed=keep" : "handling=strict";
    case Handling::kLenient: return keep_sealed ? "handling=lenient, sealed=keep" : "handling=lenient";
  }
  NES_CHECK(false && "a Handling outside its enumeration");
}

}  // namespace nes::http

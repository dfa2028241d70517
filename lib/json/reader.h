// A strict pull reader over the same lexer as locate(), for the documents of the control plane: schemas, key
// files, answers of AWS. It delivers everything that the text says, repeated keys included; what to make of
// them is the consumer's decision.
//
//   Reader reader(text, limits::kSchemaDepth);
//   for (;;) {
//     NES_TRY_ASSIGN(const json::Event event, reader.next());
//     if (event.type == json::EventType::kEnd) break;
//   }
//
// An object is kBeginObject, then kKey and the events of one value for each member, then kEndObject. kEnd
// comes once the text is known to be exactly one valid value. Until then nothing delivered may be acted upon.
//
// Thread rule: an instance belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/lexer.h"

namespace nes::json {

enum class EventType : std::uint8_t {
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kKey,
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
  kEnd,
};

struct Event {
  EventType type;
  // kKey, kString: the unescaped UTF-8. kNumber: its text as it stands. Otherwise empty. Valid until the next
  // call of next(), and no longer than the text that is read.
  std::string_view text;
  std::uint32_t line;  // 1-based, of the first byte; lines end in LF
};

class Reader {
 public:
  // `text` must outlive the reader. At most `max_depth` arrays and objects may be nested.
  Reader(std::string_view text, std::size_t max_depth) noexcept
      : text_(text), lexer_(text), max_depth_(max_depth) {}

  // The next event; kEnd for ever after the last one. Errors, with the 1-based line as position, and the same
  // again on every later call: kMalformedJson if the text is not one JSON value in UTF-8, or if a string has
  // a lone surrogate; kLimit if it is nested more deeply than max_depth.
  Result<Event> next();

 private:
  enum class State : std::uint8_t { kFirst, kKey, kValue, kAfterValue };

  Result<Event> key();
  Result<Event> value();
  Result<Event> scalar(std::uint32_t line);
  Result<Event> string(std::uint32_t line);
  Result<Event> open(char closer, std::uint32_t line);
  Event close();
  std::optional<std::string_view> unescaped(const StringToken& token);
  std::uint32_t line() noexcept;
  Error failed(ErrorCode code, base::StaticText reason) noexcept;

  std::string_view text_;
  Lexer lexer_;
  std::size_t max_depth_;
  std::string closers_;   // of the open arrays and objects, innermost last
  std::string unescape_;  // holds the current text if it has escapes
  State state_ = State::kValue;
  std::size_t counted_ = 0;  // line_ is the line of the byte at this offset
  std::uint32_t line_ = 1;
  std::optional<Error> failure_;
};

}  // namespace nes::json

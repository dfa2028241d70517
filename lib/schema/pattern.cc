#include "schema/pattern.h"

#include <functional>
#include <utility>

#include <re2/re2.h>

#include "base/limits.h"

namespace nes::schema {
namespace {

// A lone surrogate is three bytes, ED A0..BF 80..BF, that RE2 does not take for a character: a pattern such
// as
// `^.*$` would miss the key and leave its value in the clear.
std::size_t find_surrogate(std::string_view key, std::size_t from) noexcept {
  for (std::size_t i = key.find('\xED', from); i != std::string_view::npos; i = key.find('\xED', i + 1)) {
    if (i + 2 < key.size() && static_cast<unsigned char>(key[i + 1]) >= 0xA0) return i;
  }
  return std::string_view::npos;
}

std::string replace_surrogates(std::string_view key) {
  std::string out(key);
  for (std::size_t i = find_surrogate(out, 0); i != std::string::npos; i = find_surrogate(out, i)) {
    out.replace(i, 3, "\xEF\xBF\xBD");
  }
  return out;
}

}  // namespace

PatternSet::PatternSet() = default;
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;

Result<PatternId> PatternSet::add(std::string_view text, std::uint32_t line) {
  if (text.size() > limits::kPatternBytes) return Error{ErrorCode::kLimit, "a pattern is too long", line};
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  if (expressions_.size() >= limits::kPlanPatterns)
    return Error{ErrorCode::kLimit, "too many patterns", line};
  re2::RE2::Options options;
  options.set_log_errors(false);  // RE2 would write the pattern to stderr
  options.set_never_capture(true);
  options.set_max_mem(limits::kPatternMemoryBytes);
  auto expression = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (expression->error_code() == re2::RE2::ErrorPatternTooLarge) {
    return Error{ErrorCode::kLimit, "a pattern takes too much memory", line};
  }
  if (!expression->ok()) return Error{ErrorCode::kSchemaRefused, "a pattern is not one that RE2 takes", line};
  const auto id = static_cast<PatternId>(expressions_.size());
  expressions_.push_back(std::move(expression));
  ids_.emplace(text, id);
  return id;
}

std::string_view PatternSet::text(PatternId pattern) const noexcept {
  return expressions_[pattern]->pattern();
}

bool PatternSet::matches(PatternId pattern, std::string_view key) const noexcept {
  const re2::RE2& expression = *expressions_[pattern];
  const auto match = [&expression](std::string_view text) {
    return expression.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED,
                            nullptr, 0);
  };
  if (find_surrogate(key, 0) == std::string_view::npos) return match(key);
  return match(replace_surrogates(key));
}

}  // namespace nes::schema

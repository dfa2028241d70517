// The regular expressions of patternProperties: RE2's syntax, unanchored as JSON Schema has them (2020-12
// Core section 6.4), over UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace nes::schema {

using PatternId = std::uint32_t;

// The distinct patterns of a document. Matching is thread-safe once all are added.
class PatternSet {
 public:
  PatternSet();
  ~PatternSet();
  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;

  // The id of `text`, the same for the same text. Errors carry `line`: kSchemaRefused if RE2 does not take
  // it, kLimit beyond limits::kPatternBytes, kPatternMemoryBytes or kPlanPatterns.
  Result<PatternId> add(std::string_view text, std::uint32_t line);

  // Whether the pattern matches somewhere in `key`, which is UTF-8 but for lone surrogates in their
  // three-byte form; those match as U+FFFD does.
  bool matches(PatternId pattern, std::string_view key) const noexcept;

  // As it was added.
  std::string_view text(PatternId pattern) const noexcept;

 private:
  std::vector<std::unique_ptr<re2::RE2>> expressions_;
  std::map<std::string, PatternId, std::less<>> ids_;
};

}  // namespace nes::schema

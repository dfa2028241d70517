// What the parsers of configuration have in common: the description of a variable, the row that ties it to
// its parser, and the error that names it.
//
// One table drives everything. A row has the name, the default, the values accepted and the meaning, so that
// the parser, --help and docs/configuration.md cannot disagree.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/limits.h"

namespace nes::config {

struct VariableInfo {
  std::string_view name;
  std::string_view default_value = {};  // parsed like a given value when the variable is unset
  std::string_view default_note = {};   // what unset means, where no text would say it
  bool required = false;
  bool sensitive = false;    // its value is never shown
  std::string_view accepts;  // completes "must be ..."
  std::string_view meaning;  // one line
};

// Looks a variable up; nothing if it is not there. An empty value counts as unset (Docker bakes an unset
// argument so). The views must stay valid until the parser returns.
using Environment = std::function<std::optional<std::string_view>(std::string_view name)>;

// Why a value is refused. An empty `what` stands for "must be " and what the variable accepts. It never holds
// any part of the value.
struct Rejection {
  std::string what;
  bool hide_value = false;  // the value may hold a secret although its variable is not sensitive
};

// A parsed value, or why there is none.
template <typename T>
using Value = std::variant<T, Rejection>;

struct ConfigError {
  std::string_view variable;  // from the table: static storage
  std::string what;
  std::string got;  // the value as it may be shown

  // "config: NAME: what is wrong (got: ...)", one line of printable ASCII, without a line end.
  std::string render() const;
};

// At most 80 characters of `value`, control characters, backslashes and bytes beyond ASCII escaped; "not
// shown" if it is sensitive or looks like PEM.
std::string show_value(std::string_view value, bool sensitive);

ConfigError explain(const VariableInfo& info, std::string_view value, const Rejection& rejection);

// The value of a variable that is set and not empty.
std::optional<std::string_view> lookup(const Environment& environment, std::string_view name);

// Parses a value and stores it in the draft; nothing on success.
template <typename Draft>
struct Variable {
  VariableInfo info;
  std::optional<Rejection> (*apply)(std::string_view text, Draft& draft);
};

// Stores the value in `target`, which stays as it is if there is none.
template <typename T, typename Target>
std::optional<Rejection> assign(Value<T> value, Target& target) {
  if (auto* rejection = std::get_if<Rejection>(&value)) return std::move(*rejection);
  target = std::move(*std::get_if<T>(&value));
  return std::nullopt;
}

// Applies every row: the value given, else the default. Appends an error for each one that is refused or
// missing, in the order of the table.
template <typename Draft>
void apply_table(std::span<const Variable<Draft>> table, const Environment& environment, Draft& draft,
                 std::vector<ConfigError>& errors) {
  for (const Variable<Draft>& row : table) {
    const std::optional<std::string_view> text = lookup(environment, row.info.name);
    if (!text && row.info.required) {
      errors.push_back({row.info.name, "is required", "nothing"});
    } else if (!text && !row.info.default_value.empty()) {
      NES_CHECK(!row.apply(row.info.default_value, draft));
    } else if (text && text->size() > limits::kConfigValueBytes) {
      errors.push_back(explain(row.info, *text, {"is too long"}));
    } else if (text) {
      if (const auto rejection = row.apply(*text, draft))
        errors.push_back(explain(row.info, *text, *rejection));
    }
  }
}

}  // namespace nes::config

#include "tools/nitro_enc/arguments.h"

#include <algorithm>
#include <charconv>

namespace nes::nitro_enc {

std::variant<Arguments, UsageError> Arguments::parse(const Syntax& syntax,
                                                     std::span<const std::string_view> words) {
  Arguments arguments;
  bool only_operands = false;
  while (!words.empty()) {
    const std::string_view word = words.front();
    words = words.subspan(1);
    if (!only_operands && word == "--") {
      only_operands = true;
    } else if (!only_operands && word.starts_with('-') && word != "-") {
      if (auto error = arguments.take_flag(syntax, word, words)) return *error;
    } else {
      arguments.operands_.push_back(word);
    }
  }
  for (const Flag& flag : syntax.flags)
    if (flag.occurs == Occurs::kRequired && !arguments.has(flag.name))
      return UsageError{"--" + std::string(flag.name) + " is required"};
  const std::size_t count = arguments.operands_.size();
  if (count > syntax.max_operands)
    return UsageError{"unexpected argument: " + std::string(arguments.operands_[syntax.max_operands])};
  if (count < syntax.min_operands) return UsageError{std::string(syntax.operand) + " is missing"};
  return arguments;
}

std::optional<UsageError> Arguments::take_flag(const Syntax& syntax, std::string_view word,
                                               std::span<const std::string_view>& rest) {
  const std::string shown(word.substr(0, word.find('=')));
  const bool is_long = word.starts_with("--");
  const auto flag = std::ranges::find_if(
      syntax.flags, [&](const Flag& known) { return is_long && shown.substr(2) == known.name; });
  if (flag == syntax.flags.end()) return UsageError{"unknown flag: " + shown};
  std::vector<std::string_view>& values = flags_[flag->name];
  if (!values.empty() && flag->occurs != Occurs::kRepeated)
    return UsageError{shown + " is given more than once"};
  const bool has_value = shown.size() < word.size();
  if (flag->value.empty()) {
    if (has_value) return UsageError{shown + " takes no value"};
    values.emplace_back();
  } else if (has_value) {
    values.push_back(word.substr(shown.size() + 1));
  } else if (!rest.empty()) {
    values.push_back(rest.front());
    rest = rest.subspan(1);
  } else {
    return UsageError{shown + " lacks its " + std::string(flag->value)};
  }
  return std::nullopt;
}

std::optional<std::string_view> Arguments::value(std::string_view name) const {
  const auto found = flags_.find(name);
  return found == flags_.end() ? std::nullopt : std::optional(found->second.front());
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  return std::string(value(name).value_or(otherwise));
}

std::vector<std::string_view> Arguments::values(std::string_view name) const {
  const auto found = flags_.find(name);
  return found == flags_.end() ? std::vector<std::string_view>() : found->second;
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t max) noexcept {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_canonical = !text.empty() && (text.front() != '0' || text.size() == 1);
  if (error != std::errc() || end != text.data() + text.size() || !is_canonical || count > max)
    return std::nullopt;
  return count;
}

}  // namespace nes::nitro_enc

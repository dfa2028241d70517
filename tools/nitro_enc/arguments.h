// The command line's flags and operands: `--name VALUE`, `--name=VALUE`, `--name` for a switch, `--` before
// operands that begin with a hyphen. There are no abbreviations and no one-letter flags; an unknown flag, and
// one that is given twice without being meant to, are refused.
//
// Thread rule: const functions from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nes::nitro_enc {

enum class Occurs : std::uint8_t { kOptional, kRequired, kRepeated };

struct Flag {
  std::string_view name;     // without the hyphens
  std::string_view value{};  // how help names its value; empty for a switch
  Occurs occurs = Occurs::kOptional;
  std::string_view help{};
};

struct Syntax {
  std::vector<Flag> flags{};
  std::string_view operand{};  // how help names one, or a fixed number of them; empty if there are none
  std::size_t min_operands = 0;
  std::size_t max_operands = 0;
};

struct UsageError {
  std::string message;  // without the program's name
};

class Arguments {
 public:
  // `words`: what follows the command's name. The syntax must outlive nothing.
  static std::variant<Arguments, UsageError> parse(const Syntax& syntax,
                                                   std::span<const std::string_view> words);

  // Of a flag of the syntax; nothing if it was not given. Views into `words`.
  std::optional<std::string_view> value(std::string_view name) const;
  // The value, or `otherwise`.
  std::string text(std::string_view name, std::string_view otherwise = "") const;
  // Of a repeated flag, in the order given.
  std::vector<std::string_view> values(std::string_view name) const;
  bool has(std::string_view name) const { return flags_.contains(name); }
  const std::vector<std::string_view>& operands() const noexcept { return operands_; }

 private:
  std::optional<UsageError> take_flag(const Syntax& syntax, std::string_view word,
                                      std::span<const std::string_view>& rest);

  std::map<std::string_view, std::vector<std::string_view>, std::less<>> flags_;
  std::vector<std::string_view> operands_;
};

// Decimal digits without sign or leading zeros, at most `max`.
std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t max) noexcept;

}  // namespace nes::nitro_enc

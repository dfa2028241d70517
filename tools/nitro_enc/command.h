// A command of the program, what it is given to work with, and the way from the words of the command line to
// it.
//
// Exit status: 0 good; 1 a check failed, or what was asked for was refused or did not succeed; 2 the command
// line is wrong. What a program reads goes to `out`; what went wrong is one line a matter on `err`, beginning
// with `nitro-enc: `.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tools/nitro_enc/arguments.h"

namespace nes::nitro_enc {

enum class Status : std::uint8_t { kGood = 0, kRefused = 1, kUsage = 2 };

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct Context {
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  Environment environment;

  // One line on `err`; kRefused.
  Status refuse(std::string_view message);
  // `subject`, then what `error` says of it.
  Status refuse(std::string_view subject, const Error& error);
  // A wrong command line that only the command itself can tell; kUsage.
  Status misused(std::string_view message);
  void warn(std::string_view message);
};

// The reason, and what its position means where that helps: a system's error or a status of HTTP.
std::string describe(const Error& error);

struct Command {
  std::string_view group;    // "schema"; empty for a command of one word
  std::string_view name;     // "sign"
  std::string_view summary;  // half a line
  std::string_view details;  // paragraphs for help; may be empty
  Syntax syntax;
  Status (*run)(const Arguments& arguments, Context& context);
};

// Finds the command that `words` begins with, answers --help at every level and --version, parses the rest
// and runs it.
Status run(std::span<const Command> commands, std::span<const std::string_view> words, Context& context);

}  // namespace nes::nitro_enc

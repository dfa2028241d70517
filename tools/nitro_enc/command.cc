#include "tools/nitro_enc/command.h"

#include <algorithm>
#include <cstring>

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kProgram = "nitro-enc";
constexpr std::size_t kColumn = 34;  // where the explanations of help begin

bool is_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

std::string full_name(const Command& command) {
  std::string name(kProgram);
  if (!command.group.empty()) name += " " + std::string(command.group);
  return name + " " + std::string(command.name);
}

void print_row(std::ostream& out, std::string left, std::string_view right) {
  left.insert(0, "  ");
  left.append(left.size() < kColumn ? kColumn - left.size() : 2, ' ');
  out << left << right << '\n';
}

void print_program(std::ostream& out, std::span<const Command> commands) {
  out << "usage: nitro-enc COMMAND [FLAGS...]\n\n";
  for (const Command& command : commands)
    print_row(out, full_name(command).substr(kProgram.size() + 1), command.summary);
  out << "\nnitro-enc COMMAND --help says more. Exit status: 0 good, 1 refused or failed, 2 wrong usage.\n";
}

void print_group(std::ostream& out, std::span<const Command> commands, std::string_view group) {
  out << "usage: nitro-enc " << group << " COMMAND [FLAGS...]\n\n";
  for (const Command& command : commands)
    if (command.group == group) print_row(out, std::string(command.name), command.summary);
}

std::string spelled(const Flag& flag) {
  std::string text = "--" + std::string(flag.name);
  if (!flag.value.empty()) text += " " + std::string(flag.value);
  return text;
}

void print_command(std::ostream& out, const Command& command) {
  out << "usage: " << full_name(command);
  for (const Flag& flag : command.syntax.flags)
    if (flag.occurs == Occurs::kRequired) out << ' ' << spelled(flag);
  if (!command.syntax.flags.empty()) out << " [FLAGS...]";
  if (!command.syntax.operand.empty()) {
    out << ' ' << command.syntax.operand;
    if (command.syntax.max_operands > std::max<std::size_t>(1, command.syntax.min_operands)) out << "...";
  }
  out << "\n\n" << command.summary << "\n";
  if (!command.details.empty()) out << '\n' << command.details << '\n';
  if (!command.syntax.flags.empty()) out << '\n';
  for (const Flag& flag : command.syntax.flags) {
    const std::string_view often = flag.occurs == Occurs::kRepeated   ? " (may be repeated)"
                                   : flag.occurs == Occurs::kRequired ? " (required)"
                                                                      : "";
    print_row(out, spelled(flag), std::string(flag.help) + std::string(often));
  }
}

Status run_command(const Command& command, std::span<const std::string_view> words, Context& context) {
  // Only before a `--`, and not where it would be the value of another flag: those are rare enough.
  const auto operands = std::ranges::find(words, "--");
  if (std::find_if(words.begin(), operands,
                   [](std::string_view word) { return word == "--help" || word == "-h"; }) != operands) {
    print_command(context.out, command);
    return Status::kGood;
  }
  const auto parsed = Arguments::parse(command.syntax, words);
  if (const auto* error = std::get_if<UsageError>(&parsed))
    return context.misused(error->message + " (" + full_name(command) + " --help)");
  return command.run(std::get<Arguments>(parsed), context);
}

}  // namespace

Status Context::refuse(std::string_view message) {
  err << kProgram << ": " << message << '\n';
  return Status::kRefused;
}

Status Context::refuse(std::string_view subject, const Error& error) {
  return refuse(std::string(subject) + ": " + describe(error));
}

Status Context::misused(std::string_view message) {
  refuse(message);
  return Status::kUsage;
}

void Context::warn(std::string_view message) { err << kProgram << ": warning: " << message << '\n'; }

std::string describe(const Error& error) {
  // Linux numbers its errors up to 133; statuses of HTTP begin at 100, but no 1xx is ever an error's.
  constexpr std::uint64_t kLastErrno = 133;
  std::string text(error.reason.view());
  if (error.code == ErrorCode::kIo && error.position > 0 && error.position <= kLastErrno)
    text += std::string(": ") + std::strerror(static_cast<int>(error.position));
  else if (error.position >= 300 && error.position <= 599 && error.code != ErrorCode::kSchemaRefused)
    text += " (HTTP " + std::to_string(error.position) + ")";
  return text;
}

Status run(std::span<const Command> commands, std::span<const std::string_view> words, Context& context) {
  if (words.empty()) {
    print_program(context.err, commands);
    return Status::kUsage;
  }
  const std::string_view first = words.front();
  if (is_help(first)) {
    print_program(context.out, commands);
    return Status::kGood;
  }
  if (first == "--version") {
    context.out << kProgram << ' ' << NES_VERSION << '\n';
    return Status::kGood;
  }
  const auto find = [commands](std::string_view group, std::string_view name) {
    return std::ranges::find_if(
        commands, [&](const Command& command) { return command.group == group && command.name == name; });
  };
  if (const auto command = find("", first); command != commands.end())
    return run_command(*command, words.subspan(1), context);
  const bool is_group = std::ranges::any_of(
      commands, [first](const Command& command) { return !command.group.empty() && command.group == first; });
  if (!is_group)
    return context.misused("unknown command: " + std::string(first) + " (nitro-enc --help lists them)");
  if (words.size() == 1 || is_help(words[1])) {
    print_group(words.size() == 1 ? context.err : context.out, commands, first);
    return words.size() == 1 ? Status::kUsage : Status::kGood;
  }
  const auto command = find(first, words[1]);
  if (command == commands.end())
    return context.misused("unknown command: " + std::string(first) + " " + std::string(words[1]) +
                           " (nitro-enc " + std::string(first) + " --help lists them)");
  return run_command(*command, words.subspan(2), context);
}

}  // namespace nes::nitro_enc

// The command line and the environment of vsock-proxy. Each setting is a flag `--connect-wait-secs VALUE` (or
// `=VALUE`) and a variable CONNECT_WAIT_SECS; the flag wins, and an empty variable is an unset one.
//
// Thread rule: immutable once parsed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nes::vsock_proxy {

enum class Mode : std::uint8_t { kIngress, kEgress, kLogs, kProbe, kDrain };
std::string_view mode_name(Mode mode) noexcept;

struct Setting {
  std::string_view name;   // of the flag
  std::string_view value;  // how help names it
  std::string_view otherwise = {};
  bool repeated = false;  // as a variable: separated by commas
  std::string_view help = {};
};
std::span<const Setting> settings_of(Mode mode) noexcept;

// What is wrong, without the program's name: `--listen-port: not a port (got: x)`.
struct UsageError {
  std::string message;
};

class Options {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  enum class Action : std::uint8_t { kRun, kHelp, kVersion, kCheckConfig, kPrintConfig };

  // `words`: the command line behind the program's name; without a mode it is ingress.
  static std::variant<Options, UsageError> parse(std::span<const std::string_view> words,
                                                 const Environment& environment);

  Mode mode() const noexcept { return mode_; }
  Action action() const noexcept { return action_; }
  // The value, or the default; empty if there is neither.
  std::string text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  // Every setting as `NAME=value`, a line each.
  std::string print() const;

 private:
  Mode mode_ = Mode::kIngress;
  Action action_ = Action::kRun;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

std::string usage(Mode mode);
std::string variable_name(std::string_view flag);

}  // namespace nes::vsock_proxy

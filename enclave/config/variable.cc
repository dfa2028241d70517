#include "enclave/config/variable.h"

#include <cstdint>

namespace nes::config {
namespace {

constexpr std::size_t kShownCharacters = 80;

// A key pasted into the wrong variable must not reach a log: PEM, and base64 of PEM.
bool looks_like_pem(std::string_view value) {
  return value.find("-----BEGIN") != std::string_view::npos ||
         value.find("LS0tLS1CRUdJTi") != std::string_view::npos;
}

std::string escape(char character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (character) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\\': return "\\\\";
    default: break;
  }
  if (character >= ' ' && character <= '~') return {character};
  const auto byte = static_cast<std::uint8_t>(character);
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string ConfigError::render() const {
  return "config: " + std::string(variable) + ": " + what + " (got: " + got + ")";
}

std::string show_value(std::string_view value, bool sensitive) {
  if (sensitive || looks_like_pem(value)) return "not shown";
  std::string shown;
  for (const char character : value) {
    const std::string piece = escape(character);
    if (shown.size() + piece.size() > kShownCharacters) return shown + "...";
    shown += piece;
  }
  return shown;
}

ConfigError explain(const VariableInfo& info, std::string_view value, const Rejection& rejection) {
  std::string what = rejection.what.empty() ? "must be " + std::string(info.accepts) : rejection.what;
  return {info.name, std::move(what), show_value(value, info.sensitive || rejection.hide_value)};
}

std::optional<std::string_view> lookup(const Environment& environment, std::string_view name) {
  const std::optional<std::string_view> text = environment(name);
  return text && !text->empty() ? text : std::nullopt;
}

}  // namespace nes::config

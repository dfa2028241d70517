#include "enclave/init/image_files.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <set>

#include "base/limits.h"

namespace nes::init {
namespace {

constexpr std::string_view kLoopbackVariable = "ENCLAVE_INIT_LO";

Error malformed(base::StaticText reason, std::size_t line) noexcept {
  return {ErrorCode::kMalformed, reason, line};
}

Result<std::vector<std::string>> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find('\0') != std::string_view::npos)
      return malformed("a line holds a NUL character", lines.size() + 1);
    if (lines.size() == limits::kInitEntries)
      return Error{ErrorCode::kLimit, "there are too many lines", lines.size() + 1};
    lines.emplace_back(line);
  }
  return lines;
}

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint32_t> parse_id(std::string_view text) noexcept {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  if (id == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return id;
}

}  // namespace

Result<std::vector<std::string>> parse_command(std::string_view text) {
  NES_TRY_ASSIGN(std::vector<std::string> lines, lines_of(text));
  if (lines.empty() || lines.front().empty()) return malformed("there is no program to run", 1);
  return lines;
}

Result<std::vector<std::string>> parse_environment(std::string_view text) {
  NES_TRY_ASSIGN(std::vector<std::string> lines, lines_of(text));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t equals = lines[i].find('=');
    if (equals == std::string::npos || equals == 0) return malformed("a line is not NAME=value", i + 1);
    if (!names.insert(std::string_view(lines[i]).substr(0, equals)).second)
      return malformed("a variable is there twice", i + 1);
  }
  return lines;
}

Result<User> parse_user(std::string_view text) {
  text = without_line_end(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return malformed("not UID:GID", 1);
  const auto uid = parse_id(text.substr(0, colon));
  const auto gid = parse_id(text.substr(colon + 1));
  if (!uid || !gid) return malformed("not UID:GID", 1);
  return User{*uid, *gid};
}

Result<std::string> parse_directory(std::string_view text) {
  text = without_line_end(text);
  if (!text.starts_with('/')) return malformed("not an absolute path", 1);
  if (text.find('\n') != std::string_view::npos) return malformed("more than one line", 2);
  if (text.find('\0') != std::string_view::npos) return malformed("a line holds a NUL character", 1);
  return std::string(text);
}

std::optional<std::string_view> variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string_view entry : environment) {
    if (!entry.starts_with(name) || entry.size() <= name.size() + 1 || entry[name.size()] != '=') continue;
    return entry.substr(name.size() + 1);
  }
  return std::nullopt;
}

Result<bool> wants_loopback(const std::vector<std::string>& environment) {
  const auto value = variable(environment, kLoopbackVariable);
  if (value && *value != "1") return Error{ErrorCode::kMalformed, "ENCLAVE_INIT_LO is neither 1 nor unset"};
  return value.has_value();
}

}  // namespace nes::init

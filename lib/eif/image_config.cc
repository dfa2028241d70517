#include "eif/image_config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/limits.h"
#include "eif/json_tree.h"
#include "eif/limits.h"

namespace nes::eif {
namespace {

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

bool fits_line(std::string_view text) {
  return text.find('\n') == std::string_view::npos && text.find('\0') == std::string_view::npos;
}

// Lines as enclave-init takes them.
Result<std::string> as_lines(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) {
    if (!fits_line(entry)) return malformed("it holds a line end or a NUL, and images have one entry a line");
    text += entry + "\n";
  }
  if (entries.size() > limits::kInitEntries || text.size() > limits::kInitFileBytes)
    return Error{ErrorCode::kLimit, "there are too many entries"};
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (!is_number(text) || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id == std::numeric_limits<std::uint32_t>::max() ? std::nullopt : std::optional(id);
}

// The text of a file of the image. A symlink is followed only as far as the tree has it: etc/passwd is a
// file.
Result<std::string_view> accounts(const FileTree& files, std::string_view path) {
  const FileNode* const node = files.find(path);
  if (node == nullptr || node->type != FileNode::Type::kFile) return std::string_view();
  if (node->data.size() > limits::kEifAccountsBytes)
    return Error{ErrorCode::kLimit, "etc/passwd or etc/group is too large"};
  return as_text(node->data);
}

// passwd(5): the user's number and primary group. `user` is a name or a number.
std::optional<std::pair<std::uint32_t, std::uint32_t>> find_user(std::string_view passwd,
                                                                 std::string_view user) {
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4 ||
        (fields[0] != user && !(is_number(user) && parse_id(fields[2]) == parse_id(user))))
      continue;
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (uid && gid) return std::pair(*uid, *gid);
  }
  return std::nullopt;
}

// group(5)
std::optional<std::uint32_t> find_group(std::string_view groups, std::string_view name) {
  for (const std::string_view line : split(groups, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 3 && fields[0] == name) return parse_id(fields[2]);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ImageConfig::joined_command() const {
  std::vector<std::string> joined = entrypoint;
  joined.insert(joined.end(), command.begin(), command.end());
  return joined;
}

Result<ImageConfig> parse_image_config(std::string_view json) {
  NES_TRY_ASSIGN(const JsonTree document, JsonTree::parse(json));
  if (!document.is_object()) return malformed("the image's configuration is no JSON object");
  ImageConfig image;
  NES_TRY_ASSIGN(image.architecture, document.optional_string("architecture"));
  NES_TRY_ASSIGN(image.os, document.optional_string("os"));
  NES_TRY_ASSIGN(const JsonTree* rootfs, document.optional_object("rootfs"));
  if (rootfs != nullptr) {
    NES_TRY_ASSIGN(image.diff_ids, rootfs->optional_strings("diff_ids"));
  }
  NES_TRY_ASSIGN(const JsonTree* config, document.optional_object("config"));
  if (config == nullptr) return image;
  NES_TRY_ASSIGN(image.entrypoint, config->optional_strings("Entrypoint"));
  NES_TRY_ASSIGN(image.command, config->optional_strings("Cmd"));
  NES_TRY_ASSIGN(image.environment, config->optional_strings("Env"));
  NES_TRY_ASSIGN(image.user, config->optional_string("User"));
  NES_TRY_ASSIGN(image.directory, config->optional_string("WorkingDir"));
  return image;
}

Result<std::string> command_file(const ImageConfig& config) {
  const std::vector<std::string> command = config.joined_command();
  if (command.empty() || command.front().empty()) return malformed("the image names no program to run");
  return as_lines(command);
}

Result<std::string> environment_file(const ImageConfig& config) {
  std::vector<std::string> entries;
  for (const std::string& entry : config.environment) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) return malformed("a variable is not NAME=value");
    const std::string_view name = std::string_view(entry).substr(0, equals + 1);
    const auto same =
        std::ranges::find_if(entries, [&](const std::string& e) { return e.starts_with(name); });
    if (same == entries.end())
      entries.push_back(entry);
    else
      *same = entry;
  }
  return as_lines(entries);
}

Result<std::string> user_file(const ImageConfig& config, const FileTree& files) {
  if (config.user.empty()) return std::string();
  const auto parts = split(config.user, ':');
  if (parts.size() > 2 || parts[0].empty() || parts.back().empty())
    return malformed("not USER or USER:GROUP");
  NES_TRY_ASSIGN(const std::string_view passwd, accounts(files, "etc/passwd"));
  NES_TRY_ASSIGN(const std::string_view groups, accounts(files, "etc/group"));
  const auto user = find_user(passwd, parts[0]);
  const auto uid = user ? std::optional(user->first) : parse_id(parts[0]);
  if (!uid) return Error{ErrorCode::kNotFound, "the image's etc/passwd has no such user"};
  std::optional<std::uint32_t> gid = user ? user->second : 0;
  if (parts.size() == 2) {
    gid = find_group(groups, parts[1]);
    if (!gid) gid = parse_id(parts[1]);
    if (!gid) return Error{ErrorCode::kNotFound, "the image's etc/group has no such group"};
  }
  return std::to_string(*uid) + ":" + std::to_string(*gid) + "\n";
}

Result<std::string> directory_file(const ImageConfig& config) {
  if (config.directory.empty()) return std::string();
  if (!fits_line(config.directory)) return malformed("it holds a line end or a NUL");
  return (config.directory.starts_with('/') ? "" : "/") + config.directory + "\n";
}

}  // namespace nes::eif

#include "eif/metadata.h"

#include <algorithm>

#include "base/clock.h"
#include "base/json_text.h"

namespace nes::eif {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  base::append_quoted(out, name);
  out += ':';
  base::append_quoted(out, text);
}

void append_json(std::string& out, std::string_view name, std::string_view json) {
  out += ',';
  base::append_quoted(out, name);
  out += ':';
  out += json;
}

// RFC 3339 in whole seconds.
std::string format_seconds(std::int64_t unix_s) {
  const std::string text = base::format_rfc3339(unix_s * 1000);
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace

std::string write_metadata(const Metadata& metadata) {
  std::string out = "{";
  append_member(out, "ImageName", metadata.name);
  append_member(out, "ImageVersion", metadata.version);
  std::string build = "{";
  append_member(build, "BuildTime", format_seconds(metadata.build_time_s));
  append_member(build, "BuildTool", metadata.tool);
  append_member(build, "BuildToolVersion", metadata.tool_version);
  append_member(build, "OperatingSystem", metadata.operating_system);
  append_member(build, "KernelVersion", metadata.kernel_version);
  append_json(out, "BuildMetadata", build + "}");
  append_json(out, "DockerInfo", metadata.image_json);
  append_json(out, "CustomMetadata", metadata.custom_json);
  return out + "}";
}

Result<JsonTree> parse_metadata(ByteView section) {
  NES_TRY_ASSIGN(JsonTree tree, JsonTree::parse(as_text(section)));
  if (!tree.is_object()) return Error{ErrorCode::kMalformed, "the metadata is no JSON object"};
  return tree;
}

std::string kernel_version_of(ByteView kernel) {
  constexpr std::size_t kMagicOffset = 0x202;
  constexpr std::size_t kVersionOffset = 0x20E;
  constexpr std::size_t kBase = 0x200;
  constexpr std::size_t kMaxBytes = 128;
  constexpr const char* kUnknown = "unknown";
  if (kernel.size() < kVersionOffset + 2 || as_text(kernel.subspan(kMagicOffset, 4)) != "HdrS")
    return kUnknown;
  const std::size_t at = kBase + (kernel[kVersionOffset] | std::size_t{kernel[kVersionOffset + 1]} << 8);
  if (at == kBase || at >= kernel.size()) return kUnknown;
  const std::string_view text = as_text(kernel.subspan(at, std::min(kMaxBytes, kernel.size() - at)));
  const std::string version(text.substr(0, text.find_first_of(std::string_view(" \0", 2))));
  const bool is_plain = std::ranges::all_of(version, [](char c) { return c > ' ' && c < 0x7F; });
  return version.empty() || !is_plain ? kUnknown : version;
}

}  // namespace nes::eif

#include "tools/nitro_enc/schema_file.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

using schema::SourceFormat;

constexpr std::pair<std::string_view, SourceFormat> kExtensions[] = {
    {".yaml", SourceFormat::kYaml}, {".yml", SourceFormat::kYaml}, {".json", SourceFormat::kJson}};

}  // namespace

std::optional<SourceFormat> schema_format(std::string_view path) noexcept {
  for (const auto& [extension, format] : kExtensions)
    if (path.ends_with(extension)) return format;
  return std::nullopt;
}

std::string_view without_extension(std::string_view path) noexcept {
  for (const auto& [extension, format] : kExtensions)
    if (path.ends_with(extension)) return path.substr(0, path.size() - extension.size());
  return path;
}

bool is_schema_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= limits::kSchemaNameBytes &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7F' && c != '#'; });
}

std::optional<SchemaFile> load_schema(const std::string& path, const schema::CompileOptions& options,
                                      Context& context) {
  const auto format = schema_format(path);
  if (!format) {
    context.refuse(path + ": a schema's name ends in .yaml, .yml or .json");
    return std::nullopt;
  }
  auto text = read_file(path, limits::kSchemaBytes);
  if (!text.ok()) {
    context.refuse(path, text.error());
    return std::nullopt;
  }
  auto compiled = schema::Schema::compile(*text, *format, options);
  if (!compiled.ok()) {
    const std::string line = std::to_string(compiled.error().position);
    context.refuse(path + ":" + line + ": refused: " + std::string(compiled.error().reason.view()));
    return std::nullopt;
  }
  return SchemaFile{path, std::move(*text), *format, std::move(*compiled)};
}

std::optional<schema::CompileOptions> compile_options(const Arguments& arguments, Context& context) {
  const std::string mode = arguments.text(kDefaultModeFlag.name, "randomized");
  if (mode == "randomized") return schema::CompileOptions{schema::Mode::kRandomized};
  if (mode == "deterministic") return schema::CompileOptions{schema::Mode::kDeterministic};
  context.misused("--default-mode is neither randomized nor deterministic");
  return std::nullopt;
}

std::string_view mode_name(schema::Mode mode) noexcept {
  return mode == schema::Mode::kDeterministic ? "deterministic" : "randomized";
}

}  // namespace nes::nitro_enc

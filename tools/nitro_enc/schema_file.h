// A schema as it lies on the operator's disk, and compiled as the enclave compiles it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/field_plan.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

struct SchemaFile {
  std::string path;
  std::string text;
  schema::SourceFormat format{};
  std::shared_ptr<const schema::Schema> compiled;
};

// The format that the enclave would take a key of S3 for, by its extension; nothing for any other.
std::optional<schema::SourceFormat> schema_format(std::string_view path) noexcept;
// `path` without the extension of a schema.
std::string_view without_extension(std::string_view path) noexcept;
// Whether the enclave would take `name` for a schema's: visible ASCII without `#`, not too long.
bool is_schema_name(std::string_view name) noexcept;

// Reads and compiles `path`. What is wrong is reported to `context`, a refusal as `FILE:LINE: why`; nothing
// is returned then.
std::optional<SchemaFile> load_schema(const std::string& path, const schema::CompileOptions& options,
                                      Context& context);

// The flag --default-mode, which stands for PII_DEFAULT_MODE of the enclave.
inline constexpr Flag kDefaultModeFlag{
    .name = "default-mode",
    .value = "MODE",
    .help = "the enclave's PII_DEFAULT_MODE: randomized (the default) or deterministic"};
// Nothing, and a line on `err`, for another value of it.
std::optional<schema::CompileOptions> compile_options(const Arguments& arguments, Context& context);

std::string_view mode_name(schema::Mode mode) noexcept;

}  // namespace nes::nitro_enc

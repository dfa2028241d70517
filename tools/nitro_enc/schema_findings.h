// What looks like a mistake in a schema that compiles: fields that look personal by name or format and are
// not sealed, and fields that are sealed deterministically although their values can be counted off.
//
// A component that other schemas use is judged where they use it, not as a root of its own: there it may be
// sealed as a whole. A field that only looks personal is marked `x-pii: false`, which plans nothing and is
// not reported.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/nitro_enc/schema_file.h"

namespace nes::nitro_enc {

struct Finding {
  enum class Kind : std::uint8_t {
    kUnsealedName,    // personal by its name
    kUnsealedFormat,  // personal by its format
    kGuessable,       // deterministic, and of few values
  };
  Kind kind;
  std::uint32_t line;     // 1-based, of the field's schema
  std::string root;       // JSON Pointer
  std::string path;       // of the field below the root, as planned_paths.h writes it
  std::string_view what;  // "an e-mail address", "a boolean"; static
};

// A stable name for programs: "unsealed_name", …
std::string_view kind_name(Finding::Kind kind) noexcept;
// A sentence without a full stop.
std::string describe(const Finding& finding);

// Of a schema that has compiled with `options`; each schema and name once, in the order of lines. kLimit if
// the schemas refer to each other too much to be walked.
Result<std::vector<Finding>> find_mistakes(const SchemaFile& file, const schema::CompileOptions& options);

// The fragment by which a request names the root at `pointer`.
std::string fragment_of(std::string_view pointer);

}  // namespace nes::nitro_enc

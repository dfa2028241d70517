// What a plan would seal, as a list of paths.
//
// Paths are written as those of errors are (json/locate.h): keys with `~` and `/` in them as `~0` and `~1`,
// each after a `/`; `*` for keys that the schema does not spell out. Elements of arrays are `[0]`, `[1]`, …
// where the schema tells them apart and `[]` otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/field_plan.h"

namespace nes::nitro_enc {

struct PlannedPath {
  std::string path;     // empty: the document itself
  schema::Rule rule{};  // unless it repeats
  // Of a schema that contains itself: below `path` the same is sealed as below this one, which is above it.
  std::optional<std::string> repeats{};
};

struct PathList {
  std::vector<PlannedPath> paths;  // sorted by path
  bool complete = true;            // false: there are more than limits::kListedPaths
};

PathList list_paths(const schema::FieldPlan& plan);

// The path of a member, of any member (`*`), or of an element, below `parent`.
std::string member_path(std::string_view parent, std::string_view key);

}  // namespace nes::nitro_enc

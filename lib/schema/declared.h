// Which keys a schema declares, for `Prefer: handling=strict`: an automaton of the same form as the plan, in
// which every value under an undeclared key has a rule. What json::locate() finds with it is what is to be
// refused.
//
// A key is declared where any schema of the place has it in `properties`, has a pattern that matches it, or
// gives a schema other than `false` for keys that it does not name. `{}`, `true` and `{type: object}` declare
// nothing. Within a value that is sealed nothing is undeclared: it is sealed whole.
#pragma once

#include <optional>
#include <vector>

#include "schema/states.h"

namespace nes::schema {

// The start of each root, beside graph.roots, and of all roots together, without what is sealed whole.
struct Declared {
  std::vector<json::PlanState> starts;
  json::PlanState united = json::kNothingPlanned;
};

// Adds the states to `states`. Nothing, and `states` as before, beyond the bounds of limits.h.
std::optional<Declared> declare(const SchemaGraph& graph, States& states);

}  // namespace nes::schema

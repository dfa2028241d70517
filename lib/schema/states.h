// The automaton while it is made: what determinize.cc and union.cc write and automaton.cc packs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/plan.h"
#include "schema/place.h"
#include "schema/schema_graph.h"

namespace nes::schema {

struct KeyTarget {
  KeyId key;
  json::PlanState target;
};

struct State {
  json::RuleIndex rule = json::kNoRule;
  std::vector<KeyTarget> keys;      // keys that a schema spells out, by key
  std::vector<PatternId> patterns;  // at most limits::kPatternsPerState
  // For all other keys, by the set of patterns that match (bit i is patterns[i]): 2^patterns targets.
  std::vector<json::PlanState> other_keys{json::kNothingPlanned};
  std::vector<json::PlanState> prefix;  // elements 0, 1, …
  json::PlanState other_elements = json::kNothingPlanned;
};

// [json::kNothingPlanned] is empty. A state with a rule has no transitions, and there is one for each rule.
using States = std::vector<State>;

// clang 14 cannot compile std::ranges::unique of GCC 12's library.
template <typename T>
void sort_unique(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// The set of patterns that match `key`.
std::size_t matching(const std::vector<PatternId>& patterns, const PatternSet& set, std::string_view key);

// Where a key that `keys` does not have leads.
json::PlanState other_key(const State& state, const PatternSet& set, std::string_view key);

// Drops what makes no difference: keys that lead nowhere by either way, patterns on which nothing depends,
// elements that are as the rest.
void simplify(State& state, const PatternSet& set, const std::vector<std::string_view>& keys);

// Replaces states from which no state with a rule can be reached by kNothingPlanned, in `states` and
// `starts`: a schema may lead to a rule that another one's keywords never let apply.
void drop_dead(States& states, const std::vector<std::vector<json::PlanState>*>& starts,
               const PatternSet& set, const std::vector<std::string_view>& keys);

// The states of each root of the graph, as one automaton; `starts` and `unnamed` are beside graph.roots.
// kSchemaRefused if a place has two rules, kLimit beyond the bounds of limits.h.
struct Determinized {
  States states;
  std::vector<json::PlanState> starts;
  // Of requests that name no root: what is sealed as a whole, or a branch that is, applies only when named.
  std::vector<json::PlanState> unnamed;
};
Result<Determinized> determinize(const SchemaGraph& graph, Steps& steps);

// Adds to `states` what follows all of `starts` at once and returns its start; nothing, and `states` as
// before, if two of them disagree about a value: one seals it and another seals it by another rule, or goes
// on below it.
Result<std::optional<json::PlanState>> unite(const SchemaGraph& graph, std::vector<json::PlanState> starts,
                                             States& states, Steps& steps);

}  // namespace nes::schema

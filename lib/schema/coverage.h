// Whether a newer version of a schema still seals what an older one did: the guard of a refresh in unsigned
// mode (CONTRACTS section 3).
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/plan.h"
#include "schema/automaton.h"

namespace nes::schema {

// Compares two automata along all paths at once. What is sealed with a value around it is sealed. Where the
// two use different patterns, keys are assumed that match them in every combination: that may find a
// difference where there is none, never the reverse.
//
// Thread rule: an instance belongs to one thread.
class Coverage {
 public:
  // Both must outlive this.
  Coverage(const Automaton& older, const Automaton& newer) noexcept : older_(older), newer_(newer) {}

  // kSchemaRefused if a value that `older` seals, going on from `old_start`, is not sealed by `newer` from
  // `new_start` in the same mode and context; kLimit if there is too much to compare.
  Result<void> check(json::PlanState old_start, json::PlanState new_start);

 private:
  using Pair = std::pair<json::PlanState, json::PlanState>;

  Result<void> compare(const Pair& pair) const;
  Result<void> expand(const Pair& pair);
  Result<void> other_keys(const Outgoing& old_out, const Outgoing& new_out);
  void add(json::PlanState old_state, json::PlanState new_state);

  const Automaton& older_;
  const Automaton& newer_;
  std::set<Pair> seen_;
  std::vector<Pair> pending_;
};

}  // namespace nes::schema

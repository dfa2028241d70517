#include "schema/coverage.h"

#include <algorithm>

#include "base/limits.h"
#include "schema/states.h"

namespace nes::schema {

using json::kNoRule;
using json::PlanState;

Result<void> Coverage::check(PlanState old_start, PlanState new_start) {
  add(old_start, new_start);
  while (!pending_.empty()) {
    const Pair pair = pending_.back();
    pending_.pop_back();
    NES_TRY(compare(pair));
    NES_TRY(expand(pair));
    if (seen_.size() > limits::kCoveragePairs)
      return Error{ErrorCode::kLimit, "the schema is too large to be compared with its last version"};
  }
  return {};
}

void Coverage::add(PlanState old_state, PlanState new_state) {
  if (old_state == json::kNothingPlanned) return;
  if (seen_.emplace(old_state, new_state).second) pending_.emplace_back(old_state, new_state);
}

Result<void> Coverage::compare(const Pair& pair) const {
  const auto& [old_state, new_state] = pair;
  if (older_.rule(old_state) == kNoRule) return {};
  if (newer_.rule(new_state) == kNoRule)
    return Error{ErrorCode::kSchemaRefused, "it would stop sealing a path that is sealed now"};
  const Rule& old_rule = older_.rule_at(older_.rule(old_state));
  const Rule& new_rule = newer_.rule_at(newer_.rule(new_state));
  if (old_rule.mode != new_rule.mode || old_rule.context != new_rule.context)
    return Error{ErrorCode::kSchemaRefused,
                 "it would change the mode or context of a path that is sealed now"};
  return {};
}

Result<void> Coverage::expand(const Pair& pair) {
  const auto& [old_state, new_state] = pair;
  const Outgoing old_out = older_.outgoing(old_state);
  if (newer_.rule(new_state) != kNoRule) {
    // All that is below is sealed with the value here.
    for (const Transition& step : older_.transitions(old_state)) add(step.target, new_state);
    return {};
  }
  const Outgoing new_out = newer_.outgoing(new_state);
  for (const auto* keys : {&old_out.keys, &new_out.keys})
    for (const std::string_view key : *keys)
      add(older_.member(old_state, key), newer_.member(new_state, key));
  // The last index stands for all the others.
  for (std::size_t index = 0; index <= std::max(old_out.prefix, new_out.prefix); ++index)
    add(older_.element(old_state, index), newer_.element(new_state, index));
  return other_keys(old_out, new_out);
}

// The targets by the set of patterns that match, for every set that the equal patterns of both agree on.
Result<void> Coverage::other_keys(const Outgoing& old_out, const Outgoing& new_out) {
  std::vector<std::string_view> patterns = old_out.patterns;
  patterns.insert(patterns.end(), new_out.patterns.begin(), new_out.patterns.end());
  sort_unique(patterns);
  if (patterns.size() > limits::kCoveragePatterns)
    return Error{ErrorCode::kLimit, "the schema has too many patterns to be compared with its last version"};
  const auto subset = [&patterns](const std::vector<std::string_view>& own, std::size_t matching) {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto at = std::ranges::lower_bound(patterns, own[i]) - patterns.begin();
      bits |= (matching >> at & 1) << i;
    }
    return bits;
  };
  for (std::size_t matching = 0; matching < std::size_t{1} << patterns.size(); ++matching)
    add(old_out.others[subset(old_out.patterns, matching)],
        new_out.others[subset(new_out.patterns, matching)]);
  return {};
}

}  // namespace nes::schema

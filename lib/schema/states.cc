#include "schema/states.h"

#include <algorithm>

namespace nes::schema {
namespace {

bool depends_on(const State& state, std::size_t bit) {
  for (std::size_t matched = 0; matched < state.other_keys.size(); ++matched) {
    if (state.other_keys[matched] != state.other_keys[matched ^ bit]) return true;
  }
  return false;
}

void drop_pattern(State& state, std::size_t index) {
  const std::size_t bit = std::size_t{1} << index;
  std::vector<json::PlanState> kept;
  for (std::size_t matched = 0; matched < state.other_keys.size(); ++matched) {
    if ((matched & bit) == 0) kept.push_back(state.other_keys[matched]);
  }
  state.other_keys = std::move(kept);
  state.patterns.erase(state.patterns.begin() + static_cast<std::ptrdiff_t>(index));
}

// Calls visit with every target of the state, which it may change.
template <typename Visit>
void for_each_target(State& state, Visit visit) {
  for (KeyTarget& key : state.keys) visit(key.target);
  for (json::PlanState& target : state.other_keys) visit(target);
  for (json::PlanState& target : state.prefix) visit(target);
  visit(state.other_elements);
}

}  // namespace

std::size_t matching(const std::vector<PatternId>& patterns, const PatternSet& set, std::string_view key) {
  std::size_t matched = 0;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (set.matches(patterns[i], key)) matched |= std::size_t{1} << i;
  }
  return matched;
}

json::PlanState other_key(const State& state, const PatternSet& set, std::string_view key) {
  return state.other_keys[matching(state.patterns, set, key)];
}

void simplify(State& state, const PatternSet& set, const std::vector<std::string_view>& keys) {
  for (std::size_t i = state.patterns.size(); i-- > 0;) {
    if (!depends_on(state, std::size_t{1} << i)) drop_pattern(state, i);
  }
  std::erase_if(state.keys, [&](const KeyTarget& key) {
    return key.target == json::kNothingPlanned &&
           other_key(state, set, keys[key.key]) == json::kNothingPlanned;
  });
  while (!state.prefix.empty() && state.prefix.back() == state.other_elements) state.prefix.pop_back();
}

void drop_dead(States& states, const std::vector<std::vector<json::PlanState>*>& starts,
               const PatternSet& set, const std::vector<std::string_view>& keys) {
  std::vector<bool> alive(states.size());
  std::vector<std::vector<json::PlanState>> sources(states.size());
  std::vector<json::PlanState> pending;
  for (json::PlanState id = 0; id < states.size(); ++id) {
    for_each_target(states[id], [&sources, id](json::PlanState target) {
      if (target != json::kNothingPlanned) sources[target].push_back(id);
    });
    if (states[id].rule == json::kNoRule) continue;
    alive[id] = true;
    pending.push_back(id);
  }
  while (!pending.empty()) {
    const json::PlanState target = pending.back();
    pending.pop_back();
    for (const json::PlanState id : sources[target]) {
      if (!alive[id]) pending.push_back(id);
      alive[id] = true;
    }
  }
  const auto drop = [&alive](json::PlanState& target) {
    if (!alive[target]) target = json::kNothingPlanned;
  };
  for (State& state : states) {
    for_each_target(state, drop);
    simplify(state, set, keys);
  }
  for (auto* list : starts) std::ranges::for_each(*list, drop);
}

}  // namespace nes::schema

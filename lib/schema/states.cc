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

}  // namespace nes::schema

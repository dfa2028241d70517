// Subset construction over the states of the roots: the plan of a request that names no root.
#include <algorithm>
#include <map>
#include <utility>

#include "schema/states.h"

namespace nes::schema {
namespace {

using json::kNothingPlanned;
using json::PlanState;

using Members = std::vector<PlanState>;  // sorted, distinct, and none is kNothingPlanned

class Uniter {
 public:
  Uniter(const SchemaGraph& graph, States& states, Steps& steps) noexcept
      : graph_(graph), states_(states), steps_(steps) {}

  Result<std::optional<PlanState>> run(Members starts) {
    const std::size_t own = states_.size();
    NES_TRY_ASSIGN(const PlanState start, state(std::move(starts)));
    while (!pending_.empty() && !disagree_) {
      const Ids::const_iterator next = pending_.back();
      pending_.pop_back();
      NES_TRY_ASSIGN(State expanded, expand(next->first));
      transitions_ += expanded.keys.size() + expanded.other_keys.size() + expanded.prefix.size();
      if (transitions_ > limits::kPlanTransitions) {
        return Error{ErrorCode::kLimit, "the plan of all roots has too many keys", 1};
      }
      states_[next->second] = std::move(expanded);
    }
    if (!disagree_) return std::optional(start);
    states_.resize(own);
    return std::optional<PlanState>();
  }

 private:
  using Ids = std::map<Members, PlanState>;

  Result<PlanState> state(Members members) {
    NES_TRY(steps_.check());
    steps_.spend(1 + members.size());
    sort_unique(members);
    if (!members.empty() && members.front() == kNothingPlanned) members.erase(members.begin());
    if (members.empty()) return kNothingPlanned;
    if (members.size() == 1) return members.front();
    // There is one state for each rule, and all others go on to one: whatever differs disagrees.
    const auto seals = [this](PlanState member) { return states_[member].rule != json::kNoRule; };
    if (std::ranges::any_of(members, seals)) {
      disagree_ = true;
      return kNothingPlanned;
    }
    const auto [known, is_new] = ids_.try_emplace(std::move(members), static_cast<PlanState>(states_.size()));
    if (is_new) {
      if (states_.size() >= limits::kPlanStates) {
        return Error{ErrorCode::kLimit, "the plan of all roots has too many states", 1};
      }
      states_.emplace_back();
      pending_.push_back(known);
    }
    return known->second;
  }

  Result<State> expand(const Members& members) {
    State out;
    NES_TRY(expand_keys(members, out));
    std::size_t spelled_out = 0;
    for (const PlanState member : members) spelled_out = std::max(spelled_out, states_[member].prefix.size());
    for (std::size_t index = 0; index <= spelled_out; ++index) {
      Members targets;
      for (const PlanState member : members) {
        const State& state = states_[member];
        targets.push_back(index < state.prefix.size() ? state.prefix[index] : state.other_elements);
      }
      NES_TRY_ASSIGN(const PlanState target, state(std::move(targets)));
      out.prefix.push_back(target);
    }
    out.other_elements = out.prefix.back();
    simplify(out, graph_.patterns, graph_.keys);
    return out;
  }

  Result<void> expand_keys(const Members& members, State& out) {
    std::vector<KeyTarget> literals;
    Members open;  // members that go on by keys that they do not spell out
    for (const PlanState member : members) {
      const State& state = states_[member];
      literals.insert(literals.end(), state.keys.begin(), state.keys.end());
      out.patterns.insert(out.patterns.end(), state.patterns.begin(), state.patterns.end());
      const bool is_open = state.other_keys.size() > 1 || state.other_keys.front() != kNothingPlanned;
      if (is_open) open.push_back(member);
      steps_.spend(1 + state.keys.size());
    }
    sort_unique(out.patterns);
    if (out.patterns.size() > limits::kPatternsPerState) {
      return Error{ErrorCode::kLimit, "too many patternProperties for one value of all roots", 1};
    }
    std::ranges::stable_sort(literals, {}, &KeyTarget::key);
    for (auto at = literals.begin(); at != literals.end();) {
      const KeyId key = at->key;
      Members targets;
      for (; at != literals.end() && at->key == key; ++at) targets.push_back(at->target);
      for (const PlanState member : open) {
        if (!spells_out(states_[member], key)) {
          targets.push_back(other_key(states_[member], graph_.patterns, graph_.keys[key]));
        }
        steps_.spend(1 + states_[member].patterns.size());
      }
      NES_TRY_ASSIGN(const PlanState target, state(std::move(targets)));
      out.keys.push_back({key, target});
    }
    out.other_keys.clear();
    for (std::size_t matched = 0; matched < std::size_t{1} << out.patterns.size(); ++matched) {
      Members targets;
      for (const PlanState member : open) {
        targets.push_back(
            states_[member].other_keys[project(matched, out.patterns, states_[member].patterns)]);
      }
      NES_TRY_ASSIGN(const PlanState target, state(std::move(targets)));
      out.other_keys.push_back(target);
    }
    return {};
  }

  static bool spells_out(const State& state, KeyId key) {
    return std::ranges::binary_search(state.keys, key, {}, &KeyTarget::key);
  }

  // A set of `all` as a set of `some`, which is part of it.
  static std::size_t project(std::size_t matched, const std::vector<PatternId>& all,
                             const std::vector<PatternId>& some) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto index = std::ranges::lower_bound(all, some[i]) - all.begin();
      if ((matched >> index & 1) != 0) out |= std::size_t{1} << i;
    }
    return out;
  }

  const SchemaGraph& graph_;
  States& states_;
  Steps& steps_;
  Ids ids_;
  std::vector<Ids::const_iterator> pending_;
  std::size_t transitions_ = 0;
  bool disagree_ = false;
};

}  // namespace

Result<std::optional<PlanState>> unite(const SchemaGraph& graph, std::vector<PlanState> starts,
                                       States& states, Steps& steps) {
  return Uniter(graph, states, steps).run(std::move(starts));
}

}  // namespace nes::schema

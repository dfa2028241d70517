// A plan made by hand, for tests and fuzzing: states as data.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "json/plan.h"

namespace nes::json {

struct PlanForTest {
  struct State {
    std::map<std::string, PlanState, std::less<>> members;
    PlanState other_members = kNothingPlanned;
    std::vector<PlanState> first_elements;
    PlanState other_elements = kNothingPlanned;
    RuleIndex rule_index = kNoRule;
  };
  std::vector<State> states;  // 0 is kNothingPlanned

  PlanState member(PlanState state, std::string_view key) const noexcept {
    const State& at = states[state];
    const auto found = at.members.find(key);
    return found == at.members.end() ? at.other_members : found->second;
  }
  PlanState element(PlanState state, std::size_t index) const noexcept {
    const State& at = states[state];
    return index < at.first_elements.size() ? at.first_elements[index] : at.other_elements;
  }
  RuleIndex rule(PlanState state) const noexcept { return states[state].rule_index; }
  bool names(PlanState state, std::string_view key) const noexcept {
    return states[state].members.contains(key);
  }
};

static_assert(Plan<PlanForTest>);

inline constexpr PlanState kStartForTest = 1;

// Members, members of members, a cycle, open keys, an open key's named neighbour, tuples and lists; rule 1 is
// meant to be deterministic. With `a`, `b`, `c`, `d` short enough for a fuzzer to find.
inline PlanForTest plan_for_test() {
  enum : PlanState { kNothing, kRoot, kRuleZero, kRuleOne, kRuleTwo, kOpen, kTuple, kList };
  PlanForTest plan;
  plan.states.resize(8);
  plan.states[kRoot].members = {{"a", kRuleZero},       {"b", kOpen}, {"c", kTuple},  {"d", kRoot},
                                {"\xC3\xA9", kRuleOne}, {"", kList},  {"x/~y", kRoot}};
  plan.states[kRoot].other_elements = kRoot;
  plan.states[kRuleZero].rule_index = 0;
  plan.states[kRuleOne].rule_index = 1;
  plan.states[kRuleTwo].rule_index = 2;
  plan.states[kOpen].members = {{"a", kNothing}, {"d", kRoot}};
  plan.states[kOpen].other_members = kRuleOne;
  plan.states[kTuple].first_elements = {kNothing, kRuleTwo, kRoot};
  plan.states[kTuple].other_elements = kList;
  plan.states[kList].other_elements = kRuleOne;
  plan.states[kList].members = {{"a", kRuleTwo}};
  return plan;
}

}  // namespace nes::json

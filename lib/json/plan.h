// What locate() needs to know of a field plan: a deterministic automaton over the keys and indices on the way
// from a document's root to a value. schema::FieldPlan is the one that the service uses; tests make small
// ones.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nes::json {

using PlanState = std::uint32_t;
using RuleIndex = std::uint32_t;

// Nothing at or below this place is planned; a walk that reaches it only checks.
inline constexpr PlanState kNothingPlanned = 0;
// rule() of a state at which the value itself is not planned.
inline constexpr RuleIndex kNoRule = 0xFFFFFFFF;

template <typename P>
concept Plan = requires(const P& plan, PlanState state, std::string_view key, std::size_t index) {
  // The state of an object's member. `key` is unescaped; it may hold any byte that unescaping can produce.
  { plan.member(state, key) }
  noexcept->std::same_as<PlanState>;
  // The state of an array's element, counted from 0.
  { plan.element(state, index) }
  noexcept->std::same_as<PlanState>;
  // The rule for the value at this state, or kNoRule. Below a value with a rule nothing else is planned.
  { plan.rule(state) }
  noexcept->std::same_as<RuleIndex>;
  // Whether member() found `key` as a key that the schema spells out; else a path shows it as `*`.
  { plan.names(state, key) }
  noexcept->std::same_as<bool>;
};

}  // namespace nes::json

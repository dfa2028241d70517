// The runtime form of a plan: flat tables, looked up without allocation (RE2's matching apart).
//
// Thread rule: immutable; any thread may look up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/plan.h"
#include "schema/field_plan.h"
#include "schema/pattern.h"
#include "schema/states.h"

namespace nes::schema {

// A step of a path, for listings: what `schema paths` prints and a refresh is compared by.
struct Transition {
  std::string
      label;  // a key as it is, "*" for all other keys, "[0]", "[1]", … and "[]" for the other elements
  json::PlanState target;
};

// All that leads out of a state, as it was compiled.
struct Outgoing {
  std::vector<std::string_view> keys;       // that the schema spells out, in no order
  std::vector<std::string_view> patterns;   // of patternProperties
  std::span<const json::PlanState> others;  // of all other keys, by the set of patterns that match (bit i)
  std::size_t prefix = 0;                   // elements with a target of their own
};

class Automaton {
 public:
  // `keys` is by KeyId; its texts are copied.
  Automaton(const States& states, const std::vector<std::string_view>& keys, std::vector<Rule> rules,
            PatternSet patterns);

  json::PlanState member(json::PlanState state, std::string_view key) const noexcept;
  json::PlanState element(json::PlanState state, std::size_t index) const noexcept;
  json::RuleIndex rule(json::PlanState state) const noexcept { return states_[state].rule; }
  bool names(json::PlanState state, std::string_view key) const noexcept;
  const Rule& rule_at(json::RuleIndex index) const noexcept { return rules_[index]; }

  std::size_t state_count() const noexcept { return states_.size(); }
  // The steps from `state` that lead to something planned. "*" may come several times, with distinct targets:
  // which one a key takes depends on the patterns that match it.
  std::vector<Transition> transitions(json::PlanState state) const;
  // Its views live as long as the automaton.
  Outgoing outgoing(json::PlanState state) const;

 private:
  struct Packed {
    json::RuleIndex rule;
    std::uint32_t first_key, slot_mask;  // a hash table in keys_, and its size less one
    std::uint32_t first_pattern, pattern_count;
    std::uint32_t other_keys;            // in targets_: 2^pattern_count of them
    std::uint32_t prefix, prefix_count;  // in targets_
    json::PlanState other_elements;
  };
  struct Key {
    std::uint64_t ends;  // with `size` all there is of a key of up to 8 bytes
    std::uint32_t text;  // in text_
    std::uint32_t size;
    json::PlanState target;
    bool used;
  };

  void pack_keys(const State& state, const std::vector<std::string_view>& keys, Packed& packed);
  // With a table of `slots`. Whether no key has to stand in another's.
  bool pack_keys(const State& state, const std::vector<std::string_view>& keys, std::size_t slots,
                 Packed& packed);
  const Key* find(const Packed& state, std::string_view key) const noexcept;
  std::uint32_t append_targets(const std::vector<json::PlanState>& targets);

  std::vector<Packed> states_;
  std::vector<Key> keys_;
  std::vector<std::uint32_t> texts_;  // by KeyId: offset in text_
  std::string text_;
  std::vector<PatternId> pattern_ids_;
  std::vector<json::PlanState> targets_;
  std::vector<Rule> rules_;
  PatternSet patterns_;
};

}  // namespace nes::schema

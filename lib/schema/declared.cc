#include "schema/declared.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/limits.h"

namespace nes::schema {
namespace {

using json::kNothingPlanned;
using json::PlanState;

// The schemas that apply to a value: sorted, and closed under $ref, allOf and the like.
using Members = std::vector<SchemaId>;

class Declarer {
 public:
  Declarer(const SchemaGraph& graph, States& states)
      : graph_(graph),
        states_(states),
        first_(states.size()),
        undeclared_(static_cast<PlanState>(states.size())),
        mark_(graph.nodes.size()) {
    // No index of graph.rules, whose rules nobody asks for here.
    states_.emplace_back().rule = static_cast<json::RuleIndex>(graph.rules.size());
  }

  std::optional<Declared> run() {
    Declared out;
    for (const SchemaId root : graph_.roots) out.starts.push_back(state(closure({root})));
    out.united = state(closure(graph_.roots, false));
    while (!pending_.empty() && !over_limit()) {
      const Ids::const_iterator next = pending_.back();
      pending_.pop_back();
      State expanded = expand(next->first);
      transitions_ += expanded.keys.size() + expanded.other_keys.size() + expanded.prefix.size();
      states_[next->second] = std::move(expanded);
    }
    if (!over_limit()) return out;
    states_.resize(first_);
    return std::nullopt;
  }

 private:
  using Ids = std::map<Members, PlanState>;

  bool over_limit() const noexcept {
    return too_many_patterns_ || !steps_.check().ok() || states_.size() - first_ > limits::kPlanStates ||
           transitions_ > limits::kPlanTransitions;
  }

  // Unless `through_sealed` without what is sealed as a whole.
  Members closure(const Members& members, bool through_sealed = true) {
    Members out;
    ++walk_;
    const auto visit = [this, &out, through_sealed](SchemaId id) {
      if (!through_sealed && graph_.nodes[id].sealed) return;
      if (std::exchange(mark_[id], walk_) != walk_) out.push_back(id);
    };
    for (const SchemaId id : members) visit(id);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const SchemaNode& node = graph_.nodes[out[i]];
      for_each_in_place(node, visit);
      steps_.spend(1 + node.all_of.size() + node.conditional.size());
    }
    std::ranges::sort(out);
    return out;
  }

  PlanState state(Members members) {
    const auto seals = [this](SchemaId id) { return graph_.nodes[id].rule != json::kNoRule; };
    if (std::ranges::any_of(members, seals)) return kNothingPlanned;
    steps_.spend(1 + members.size());
    const auto [known, is_new] = ids_.try_emplace(std::move(members), static_cast<PlanState>(states_.size()));
    if (is_new) {
      states_.emplace_back();
      if (!over_limit()) pending_.push_back(known);
    }
    return known->second;
  }

  State expand(const Members& members) {
    State out;
    std::vector<KeyId> keys;
    std::size_t spelled_out = 0;  // elements that a prefixItems has a schema for
    for (const SchemaId id : members) {
      const SchemaNode& node = graph_.nodes[id];
      for (const Property& property : node.properties) keys.push_back(property.key);
      for (const PatternProperty& pattern : node.patterns) out.patterns.push_back(pattern.pattern);
      spelled_out = std::max(spelled_out, node.prefix_items.size());
    }
    sort_unique(keys);
    sort_unique(out.patterns);
    if (out.patterns.size() > limits::kPatternsPerState) {
      too_many_patterns_ = true;
      return out;
    }
    for (const KeyId key : keys) {
      const std::size_t matched = matching(out.patterns, graph_.patterns, graph_.keys[key]);
      out.keys.push_back({key, member(members, key, out.patterns, matched)});
      if (over_limit()) return out;
    }
    out.other_keys.clear();
    for (std::size_t matched = 0; matched < std::size_t{1} << out.patterns.size(); ++matched)
      out.other_keys.push_back(member(members, kNoKey, out.patterns, matched));
    for (std::size_t index = 0; index <= spelled_out; ++index) out.prefix.push_back(element(members, index));
    out.other_elements = out.prefix.back();
    return out;
  }

  // The place of a member: one of key `key`, or of a key that no schema spells out (kNoKey), that the
  // `matched` of `patterns` match.
  PlanState member(const Members& members, KeyId key, const std::vector<PatternId>& patterns,
                   std::size_t matched) {
    Members targets;
    for (const SchemaId id : members) {
      const SchemaNode& node = graph_.nodes[id];
      const std::size_t before = targets.size();
      if (const SchemaId literal = node.property(key); literal != kNoSchema) targets.push_back(literal);
      for (const PatternProperty& pattern : node.patterns) {
        const auto index = std::ranges::lower_bound(patterns, pattern.pattern) - patterns.begin();
        if ((matched >> index & 1) != 0) targets.push_back(pattern.schema);
      }
      steps_.spend(1 + node.patterns.size());
      if (targets.size() != before) continue;
      if (node.additional_properties != kNoSchema) {
        if (!node.refuses_additional) targets.push_back(node.additional_properties);
      } else if (node.unevaluated_properties != kNoSchema && !node.refuses_unevaluated) {
        targets.push_back(node.unevaluated_properties);
      }
    }
    return targets.empty() ? undeclared_ : state(closure(targets));
  }

  PlanState element(const Members& members, std::size_t index) {
    Members targets;
    const auto say = [&targets](SchemaId id) {
      if (id != kNoSchema) targets.push_back(id);
    };
    for (const SchemaId id : members) {
      const SchemaNode& node = graph_.nodes[id];
      say(index < node.prefix_items.size() ? node.prefix_items[index] : node.items);
      say(node.contains);
      say(node.unevaluated_items);
      steps_.spend(1);
    }
    return state(closure(targets));
  }

  const SchemaGraph& graph_;
  States& states_;
  const std::size_t first_;
  const PlanState undeclared_;
  Steps steps_;  // of its own: what compiles without this compiles with it
  Ids ids_;
  std::vector<Ids::const_iterator> pending_;
  std::vector<std::uint32_t> mark_;
  std::uint32_t walk_ = 0;
  std::size_t transitions_ = 0;
  bool too_many_patterns_ = false;
};

}  // namespace

std::optional<Declared> declare(const SchemaGraph& graph, States& states) {
  return Declarer(graph, states).run();
}

}  // namespace nes::schema

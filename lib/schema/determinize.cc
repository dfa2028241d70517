// Subset construction, per root, over places.
#include <algorithm>
#include <map>
#include <utility>

#include "schema/states.h"

namespace nes::schema {
namespace {

using json::kNothingPlanned;
using json::PlanState;

// A schema of the place that is expanded.
struct Speaker {
  std::uint32_t tier;
  SchemaId id;
};

class Determinizer {
 public:
  Determinizer(const SchemaGraph& graph, Steps& steps) : graph_(graph), steps_(steps), places_(graph, steps) {
    states_.emplace_back();
  }

  Result<Determinized> run() {
    std::vector<PlanState> starts;
    std::vector<PlanState> unnamed;
    for (const SchemaId root : graph_.roots) {
      NES_TRY_ASSIGN(PlanState start, state(places_.of_root(root)));
      starts.push_back(start);
      if (states_[start].rule != json::kNoRule) {
        NES_TRY_ASSIGN(start, state(places_.of_unnamed_root(root)));
      }
      unnamed.push_back(start);
    }
    while (!pending_.empty()) {
      const Ids::const_iterator next = pending_.back();
      pending_.pop_back();
      NES_TRY_ASSIGN(State expanded, expand(next->first));
      transitions_ += expanded.keys.size() + expanded.other_keys.size() + expanded.prefix.size();
      if (transitions_ > limits::kPlanTransitions) {
        return Error{ErrorCode::kLimit, "the plan has too many keys", 1};
      }
      states_[next->second] = std::move(expanded);
    }
    drop_dead(states_, {&starts, &unnamed}, graph_.patterns, graph_.keys);
    return Determinized{std::move(states_), std::move(starts), std::move(unnamed)};
  }

 private:
  using Ids = std::map<Place, PlanState>;

  Result<PlanState> state(Place place) {
    NES_TRY(steps_.check());
    if (place.empty()) return kNothingPlanned;
    NES_TRY_ASSIGN(const json::RuleIndex rule, places_.rule(place));
    // The outermost x-pii wins: nothing below it matters.
    if (rule != json::kNoRule) {
      const auto [terminal, is_new] = terminals_.try_emplace(rule, next_id());
      if (is_new) states_.emplace_back().rule = rule;
      return terminal->second;
    }
    for (const Tier& tier : place) steps_.spend(tier.size());
    const auto [known, is_new] = ids_.try_emplace(std::move(place), next_id());
    if (is_new) {
      if (states_.size() >= limits::kPlanStates)
        return Error{ErrorCode::kLimit, "the plan has too many states", 1};
      states_.emplace_back();
      pending_.push_back(known);
    }
    return known->second;
  }

  PlanState next_id() const noexcept { return static_cast<PlanState>(states_.size()); }

  Result<State> expand(const Place& place) {
    std::vector<Speaker> speakers;
    for (std::uint32_t tier = 0; tier < place.size(); ++tier) {
      for (const SchemaId id : place[tier]) speakers.push_back({tier, id});
    }
    State out;
    NES_TRY(expand_keys(speakers, out));
    NES_TRY(expand_elements(speakers, out));
    simplify(out, graph_.patterns, graph_.keys);
    return out;
  }

  // Whether the schema says something of keys that it does not spell out.
  bool is_open(const SchemaNode& node) const {
    const auto leads_on = [this](const PatternProperty& pattern) { return places_.alive(pattern.schema); };
    return places_.alive(node.additional_properties) || places_.alive(node.unevaluated_properties) ||
           std::ranges::any_of(node.patterns, leads_on);
  }

  // Adds the keys and patterns on which an open schema's statements depend.
  void add_open(SchemaId id, std::vector<KeyId>& keys, std::vector<PatternId>& patterns) {
    const auto add = [&](const SchemaNode& node) {
      for (const Property& property : node.properties) keys.push_back(property.key);
      for (const PatternProperty& pattern : node.patterns) patterns.push_back(pattern.pattern);
      steps_.spend(1 + node.properties.size() + node.patterns.size());
    };
    const SchemaNode& node = graph_.nodes[id];
    if (!places_.alive(node.unevaluated_properties)) return add(node);
    for (const SchemaId evaluator : places_.evaluators(id)) add(graph_.nodes[evaluator]);
  }

  Result<void> expand_keys(const std::vector<Speaker>& speakers, State& out) {
    struct Literal {
      KeyId key;
      Statement statement;
    };
    std::vector<Literal> literals;  // of the schemas that are not open
    std::vector<Speaker> open;
    std::vector<KeyId> keys;
    for (const Speaker& speaker : speakers) {
      const SchemaNode& node = graph_.nodes[speaker.id];
      if (is_open(node)) {
        open.push_back(speaker);
        add_open(speaker.id, keys, out.patterns);
        continue;
      }
      for (const Property& property : node.properties) {
        if (!places_.alive(property.schema)) continue;
        keys.push_back(property.key);
        literals.push_back({property.key, {speaker.tier, Statement::kLiteral, property.schema}});
      }
      steps_.spend(1 + node.properties.size());
    }
    sort_unique(keys);
    sort_unique(out.patterns);
    if (out.patterns.size() > limits::kPatternsPerState) {
      const std::uint64_t line = graph_.nodes[open.front().id].line;
      return Error{ErrorCode::kLimit, "too many patternProperties for one value", line};
    }
    std::ranges::stable_sort(literals, {}, &Literal::key);

    std::vector<Statement> statements;
    auto literal = literals.begin();
    for (const KeyId key : keys) {
      statements.clear();
      for (; literal != literals.end() && literal->key == key; ++literal)
        statements.push_back(literal->statement);
      const std::size_t matched =
          open.empty() ? 0 : matching(out.patterns, graph_.patterns, graph_.keys[key]);
      for (const Speaker& speaker : open) state_key(speaker, key, out.patterns, matched, statements);
      NES_TRY_ASSIGN(const PlanState target, state(places_.of(statements)));
      out.keys.push_back({key, target});
    }
    if (open.empty()) return {};
    out.other_keys.clear();
    for (std::size_t matched = 0; matched < std::size_t{1} << out.patterns.size(); ++matched) {
      statements.clear();
      for (const Speaker& speaker : open) state_key(speaker, kNoKey, out.patterns, matched, statements);
      NES_TRY_ASSIGN(const PlanState target, state(places_.of(statements)));
      out.other_keys.push_back(target);
    }
    return {};
  }

  // Adds what the speaker says of a member: one of key `key`, or of a key that no schema spells out (kNoKey),
  // that the `matched` of `patterns` match.
  void state_key(const Speaker& speaker, KeyId key, const std::vector<PatternId>& patterns,
                 std::size_t matched, std::vector<Statement>& out) {
    const SchemaNode& node = graph_.nodes[speaker.id];
    const auto matches = [&](const PatternProperty& pattern) {
      const auto index = std::ranges::lower_bound(patterns, pattern.pattern) - patterns.begin();
      return (matched >> index & 1) != 0;
    };
    const auto evaluates = [&](SchemaId id) {
      const SchemaNode& other = graph_.nodes[id];
      steps_.spend(1 + other.patterns.size());
      return other.property(key) != kNoSchema || other.additional_properties != kNoSchema ||
             std::ranges::any_of(other.patterns, matches);
    };
    const SchemaId literal = node.property(key);
    bool named = literal != kNoSchema;
    if (places_.alive(literal)) out.push_back({speaker.tier, Statement::kLiteral, literal});
    for (const PatternProperty& pattern : node.patterns) {
      if (!matches(pattern)) continue;
      named = true;
      if (places_.alive(pattern.schema)) out.push_back({speaker.tier, pattern.position, pattern.schema});
    }
    steps_.spend(1 + node.patterns.size());
    if (!named && places_.alive(node.additional_properties)) {
      out.push_back({speaker.tier, Statement::kOtherwise, node.additional_properties});
    }
    if (places_.alive(node.unevaluated_properties) &&
        std::ranges::none_of(places_.evaluators(speaker.id), evaluates)) {
      out.push_back({speaker.tier, Statement::kOtherwise, node.unevaluated_properties});
    }
  }

  Result<void> expand_elements(const std::vector<Speaker>& speakers, State& out) {
    std::vector<Speaker> relevant;
    std::size_t spelled_out = 0;  // elements that a prefixItems has a schema for
    for (const Speaker& speaker : speakers) {
      const SchemaNode& node = graph_.nodes[speaker.id];
      const bool unevaluated = places_.alive(node.unevaluated_items);
      const auto alive = [this](SchemaId id) { return places_.alive(id); };
      if (!unevaluated && !alive(node.items) && !alive(node.contains) &&
          std::ranges::none_of(node.prefix_items, alive)) {
        continue;
      }
      relevant.push_back(speaker);
      spelled_out = std::max(spelled_out, node.prefix_items.size());
      if (!unevaluated) continue;
      for (const SchemaId id : places_.evaluators(speaker.id)) {
        spelled_out = std::max(spelled_out, graph_.nodes[id].prefix_items.size());
      }
    }
    std::vector<Statement> statements;
    for (std::size_t index = 0; index <= spelled_out; ++index) {
      statements.clear();
      for (const Speaker& speaker : relevant) state_element(speaker, index, statements);
      NES_TRY_ASSIGN(const PlanState target, state(places_.of(statements)));
      out.prefix.push_back(target);
    }
    out.other_elements = out.prefix.back();
    return {};
  }

  void state_element(const Speaker& speaker, std::size_t index, std::vector<Statement>& out) {
    const SchemaNode& node = graph_.nodes[speaker.id];
    const auto evaluates = [&](SchemaId id) {
      steps_.spend(1);
      const SchemaNode& other = graph_.nodes[id];
      return index < other.prefix_items.size() || other.items != kNoSchema;
    };
    const auto say = [&](SchemaId id) {
      if (places_.alive(id)) out.push_back({speaker.tier, Statement::kLiteral, id});
    };
    steps_.spend(1);
    say(index < node.prefix_items.size() ? node.prefix_items[index] : node.items);
    say(node.contains);
    if (places_.alive(node.unevaluated_items) &&
        std::ranges::none_of(places_.evaluators(speaker.id), evaluates)) {
      say(node.unevaluated_items);
    }
  }

  const SchemaGraph& graph_;
  Steps& steps_;
  Places places_;
  States states_;
  Ids ids_;
  std::map<json::RuleIndex, PlanState> terminals_;
  std::vector<Ids::const_iterator> pending_;
  std::size_t transitions_ = 0;
};

}  // namespace

Result<Determinized> determinize(const SchemaGraph& graph, Steps& steps) {
  return Determinizer(graph, steps).run();
}

}  // namespace nes::schema

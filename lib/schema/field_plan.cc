#include "schema/field_plan.h"

#include <algorithm>
#include <utility>

#include "schema/automaton.h"
#include "schema/coverage.h"
#include "schema/declared.h"
#include "schema/document.h"
#include "schema/reference.h"
#include "schema/schema_graph.h"
#include "schema/source_tree.h"
#include "schema/states.h"
#include "schema/sweep.h"

namespace nes::schema {
namespace {

using json::PlanState;

struct PlannedRoot {
  std::string pointer;
  PlanState start;
  std::optional<PlanState> undeclared = std::nullopt;  // where the automaton of undeclared keys starts
};

// For every root, the transitions to a value with a rule that can be reached from its start, and one more if
// the root itself has a rule.
Result<std::size_t> count_places(const States& states, const std::vector<PlannedRoot>& roots, Steps& steps) {
  struct Edges {
    std::size_t planned = 0;
    std::vector<PlanState> further;
  };
  std::vector<Edges> edges(states.size());
  for (PlanState id = 0; id < states.size(); ++id) {
    const State& state = states[id];
    Edges& out = edges[id];
    const auto add = [&states, &out](PlanState target) {
      if (target == json::kNothingPlanned) return;
      if (states[target].rule != json::kNoRule) {
        ++out.planned;
      } else {
        out.further.push_back(target);
      }
    };
    for (const KeyTarget& key : state.keys) add(key.target);
    std::vector<PlanState> others = state.other_keys;
    sort_unique(others);
    for (const PlanState target : others) add(target);
    for (const PlanState target : state.prefix) add(target);
    add(state.other_elements);
    sort_unique(out.further);
  }
  std::size_t total = 0;
  std::vector<std::size_t> seen_by(states.size(), roots.size());
  std::vector<PlanState> pending;
  for (std::size_t root = 0; root < roots.size(); ++root) {
    if (states[roots[root].start].rule != json::kNoRule) ++total;
    pending.assign(1, roots[root].start);
    seen_by[roots[root].start] = root;
    while (!pending.empty()) {
      const Edges& from = edges[pending.back()];
      pending.pop_back();
      total += from.planned;
      steps.spend(1 + from.further.size());
      for (const PlanState next : from.further) {
        if (std::exchange(seen_by[next], root) != root) pending.push_back(next);
      }
    }
    NES_TRY(steps.check());
  }
  return total;
}

class CompiledSchema final : public Schema {
 public:
  CompiledSchema(Automaton automaton, std::vector<PlannedRoot> roots, std::optional<PlanState> united,
                 std::optional<PlanState> undeclared, std::size_t planned_paths)
      : automaton_(std::move(automaton)),
        in_order_(std::move(roots)),
        united_(united),
        undeclared_(undeclared),
        planned_paths_(planned_paths) {
    for (const PlannedRoot& root : in_order_) by_pointer_.push_back(&root);
    std::ranges::sort(by_pointer_, {},
                      [](const PlannedRoot* root) { return std::string_view(root->pointer); });
  }

  Result<FieldPlan> plan(std::optional<std::string_view> fragment) const override {
    if (!fragment) {
      if (!united_) return Error{ErrorCode::kSchemaRootRequired, "roots of the schema disagree"};
      return FieldPlan(automaton_, *united_);
    }
    NES_TRY_ASSIGN(const PlannedRoot* root, root_of(*fragment));
    return FieldPlan(automaton_, root->start);
  }

  Result<FieldPlan> undeclared(std::optional<std::string_view> fragment) const override {
    std::optional<PlanState> start = undeclared_;
    if (!fragment) {
      NES_TRY(plan(fragment));
    } else {
      NES_TRY_ASSIGN(const PlannedRoot* root, root_of(*fragment));
      start = root->undeclared;
    }
    if (!start) return Error{ErrorCode::kLimit, "the schema is too large to tell its undeclared keys"};
    return FieldPlan(automaton_, *start);
  }

  std::size_t planned_paths() const noexcept override { return planned_paths_; }

  std::vector<std::string> roots() const override {
    std::vector<std::string> pointers;
    for (const PlannedRoot& root : in_order_) pointers.push_back(root.pointer);
    return pointers;
  }

  Result<void> still_seals(const Schema& older) const override {
    const auto& old = static_cast<const CompiledSchema&>(older);  // there is no other kind
    Coverage coverage(old.automaton_, automaton_);
    for (const PlannedRoot& root : old.in_order_) {
      // A root that has gone: whoever names it is refused, but the union no longer has its paths.
      const auto found = find_root(root.pointer);
      NES_TRY(coverage.check(root.start, found.ok() ? (*found)->start : json::kNothingPlanned));
    }
    // Without a union, requests that name no root are refused.
    if (!old.united_ || !united_) return {};
    return coverage.check(*old.united_, *united_);
  }

 private:
  // Does not allocate unless the fragment has a `%`.
  Result<const PlannedRoot*> root_of(std::string_view fragment) const {
    if (fragment.find('%') == std::string_view::npos) return find_root(fragment);
    const auto pointer = percent_decode(fragment);
    if (!pointer) return Error{ErrorCode::kSchemaUnknown, "the fragment has a bad percent escape"};
    return find_root(*pointer);
  }

  Result<const PlannedRoot*> find_root(std::string_view pointer) const {
    const auto pointer_of = [](const PlannedRoot* root) { return std::string_view(root->pointer); };
    const auto found = std::ranges::lower_bound(by_pointer_, pointer, {}, pointer_of);
    if (found == by_pointer_.end() || (*found)->pointer != pointer) {
      return Error{ErrorCode::kSchemaUnknown, "the fragment names no root"};
    }
    return *found;
  }

  const Automaton automaton_;
  const std::vector<PlannedRoot> in_order_;
  std::vector<const PlannedRoot*> by_pointer_;
  const std::optional<PlanState> united_;
  const std::optional<PlanState> undeclared_;  // of all roots
  const std::size_t planned_paths_;
};

}  // namespace

PlanState FieldPlan::member(PlanState state, std::string_view key) const noexcept {
  return automaton_->member(state, key);
}

PlanState FieldPlan::element(PlanState state, std::size_t index) const noexcept {
  return automaton_->element(state, index);
}

json::RuleIndex FieldPlan::rule(PlanState state) const noexcept { return automaton_->rule(state); }

bool FieldPlan::names(PlanState state, std::string_view key) const noexcept {
  return automaton_->names(state, key);
}

const Rule& FieldPlan::rule_at(json::RuleIndex index) const noexcept { return automaton_->rule_at(index); }

Result<std::shared_ptr<const Schema>> Schema::compile(std::string_view text, SourceFormat format,
                                                      const CompileOptions& options) {
  NES_TRY_ASSIGN(const SourceTree tree, format == SourceFormat::kYaml ? read_yaml(text) : read_json(text));
  NES_TRY_ASSIGN(std::vector<Root> found, find_roots(tree));
  NES_TRY_ASSIGN(SchemaGraph graph, build_graph(tree, found, options));
  NES_TRY(refuse_unreached(tree, graph.reached));

  Steps steps;
  NES_TRY_ASSIGN(Determinized plan, determinize(graph, steps));
  std::vector<PlannedRoot> roots;
  for (std::size_t i = 0; i < found.size(); ++i) {
    roots.push_back({std::move(found[i].pointer), plan.starts[i]});
  }
  NES_TRY_ASSIGN(const std::size_t places, count_places(plan.states, roots, steps));
  NES_TRY_ASSIGN(const std::optional<PlanState> united,
                 unite(graph, std::move(plan.unnamed), plan.states, steps));
  const std::optional<Declared> declared = declare(graph, plan.states);
  for (std::size_t i = 0; declared && i < roots.size(); ++i) roots[i].undeclared = declared->starts[i];
  const std::optional<PlanState> undeclared = declared ? std::optional(declared->united) : std::nullopt;
  Automaton automaton(plan.states, graph.keys, std::move(graph.rules), std::move(graph.patterns));
  return std::shared_ptr<const Schema>(
      std::make_shared<CompiledSchema>(std::move(automaton), std::move(roots), united, undeclared, places));
}

static_assert(json::Plan<FieldPlan>);

}  // namespace nes::schema

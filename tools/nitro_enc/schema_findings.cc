#include "tools/nitro_enc/schema_findings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "base/limits.h"
#include "schema/automaton.h"
#include "schema/document.h"
#include "schema/schema_graph.h"
#include "tools/nitro_enc/personal_names.h"
#include "tools/nitro_enc/planned_paths.h"
#include "tools/nitro_enc/schema_facts.h"

namespace nes::nitro_enc {
namespace {

using json::PlanState;
using schema::SchemaId;
using schema::SchemaNode;

// A value of a document as a root sees it: a schema for it, and what the plan has there.
struct Visit {
  SchemaId schema;
  PlanState state;
  std::string_view name;  // of the member that it is, or whose array it stands in; empty if it has none
  std::string path;
  std::uint32_t line;  // of the schema around it, for a schema that is just `true`
};

class Walk {
 public:
  Walk(const schema::SourceTree& tree, const schema::SchemaGraph& graph) noexcept
      : tree_(tree), graph_(graph) {}

  Result<void> root(std::string pointer, SchemaId id, const schema::FieldPlan& plan) {
    root_ = std::move(pointer);
    plan_ = &plan;
    push({id, plan.start(), {}, {}, 1});
    while (!pending_.empty()) {
      const Visit visit = std::move(pending_.back());
      pending_.pop_back();
      if (++visits_ > limits::kPlanSteps / 10)
        return Error{ErrorCode::kLimit, "the schemas refer to each other too much to be looked through"};
      look_at(visit);
    }
    return {};
  }

  std::vector<Finding> finish() && {
    std::ranges::stable_sort(findings_, {}, &Finding::line);
    return std::move(findings_);
  }

 private:
  void push(Visit visit) {
    if (seen_.emplace(visit.schema, visit.state, visit.name).second) pending_.push_back(std::move(visit));
  }

  // All schemas that apply to the same value.
  std::vector<SchemaId> closure(SchemaId id) const {
    std::vector<SchemaId> all{id};
    std::set<SchemaId> seen{id};
    for (std::size_t i = 0; i < all.size(); ++i)
      for_each_in_place(graph_.nodes[all[i]], [&](SchemaId next) {
        if (seen.insert(next).second) all.push_back(next);
      });
    return all;
  }

  void look_at(const Visit& visit) {
    const std::vector<SchemaId> schemas = closure(visit.schema);
    SchemaFacts facts;
    for (const SchemaId id : schemas)
      if (graph_.nodes[id].source != schema::kNoNode) facts.add(tree_, graph_.nodes[id].source);
    if (plan_->rule(visit.state) != json::kNoRule) return judge_sealed(visit, facts);
    judge_unsealed(visit, facts);
    for (const SchemaId id : schemas) go_below(visit, graph_.nodes[id]);
  }

  void judge_sealed(const Visit& visit, const SchemaFacts& facts) {
    const schema::Rule& rule = plan_->rule_at(plan_->rule(visit.state));
    if (rule.mode != schema::Mode::kDeterministic || facts.is_acknowledged()) return;
    if (const auto why = facts.guessable(); !why.empty()) report(Finding::Kind::kGuessable, visit, why);
  }

  void judge_unsealed(const Visit& visit, const SchemaFacts& facts) {
    if (facts.is_acknowledged() || !facts.may_be_free_text()) return;
    if (const auto what = personal_by_name(visit.name); !what.empty())
      return report(Finding::Kind::kUnsealedName, visit, what);
    for (const std::string_view format : facts.formats())
      if (const auto what = personal_by_format(format); !what.empty())
        return report(Finding::Kind::kUnsealedFormat, visit, what);
  }

  void report(Finding::Kind kind, const Visit& visit, std::string_view what) {
    if (!reported_.emplace(kind, visit.schema, visit.name).second) return;
    const std::uint32_t line = graph_.nodes[visit.schema].line;
    findings_.push_back({kind, line == 0 ? visit.line : line, root_, visit.path, what});
  }

  void go_below(const Visit& visit, const SchemaNode& node) {
    const schema::Outgoing out = plan_->automaton().outgoing(visit.state);
    const auto add = [&](SchemaId id, PlanState state, std::string_view name, std::string path) {
      if (id != schema::kNoSchema) push({id, state, name, std::move(path), node.line});
    };
    for (const schema::Property& property : node.properties) {
      const std::string_view key = graph_.keys[property.key];
      add(property.schema, plan_->member(visit.state, key), key, member_path(visit.path, key));
    }
    const std::string any_member = member_path(visit.path, "*");
    for (const schema::PatternProperty& pattern : node.patterns)
      for (const PlanState state : states_of(out, graph_.patterns.text(pattern.pattern)))
        add(pattern.schema, state, {}, any_member);
    for (const SchemaId id : {node.additional_properties, node.unevaluated_properties})
      add(id, out.others.empty() ? json::kNothingPlanned : out.others.front(), {}, any_member);
    for (std::size_t i = 0; i < node.prefix_items.size(); ++i)
      add(node.prefix_items[i], plan_->element(visit.state, i), visit.name,
          visit.path + "/[" + std::to_string(i) + "]");
    for (const SchemaId id : {node.items, node.contains, node.unevaluated_items})
      add(id, plan_->element(visit.state, std::max(out.prefix, node.prefix_items.size())), visit.name,
          visit.path + "/[]");
  }

  // Where keys that match `pattern` lead.
  static std::set<PlanState> states_of(const schema::Outgoing& out, std::string_view pattern) {
    std::set<PlanState> states;
    const auto found = std::ranges::find(out.patterns, pattern);
    if (found == out.patterns.end()) return {out.others.empty() ? json::kNothingPlanned : out.others.front()};
    const std::size_t bit = std::size_t{1} << (found - out.patterns.begin());
    for (std::size_t matching = 0; matching < out.others.size(); ++matching)
      if ((matching & bit) != 0) states.insert(out.others[matching]);
    return states;
  }

  const schema::SourceTree& tree_;
  const schema::SchemaGraph& graph_;
  const schema::FieldPlan* plan_ = nullptr;
  std::string root_;
  std::size_t visits_ = 0;
  std::vector<Visit> pending_;
  std::set<std::tuple<SchemaId, PlanState, std::string_view>> seen_;
  std::set<std::tuple<Finding::Kind, SchemaId, std::string_view>> reported_;
  std::vector<Finding> findings_;
};

// Marks `id` and all that it leads to.
void cover(const schema::SchemaGraph& graph, SchemaId id, std::vector<bool>& covered) {
  std::vector<SchemaId> pending;
  const auto add = [&](SchemaId next) {
    if (!covered[next]) pending.push_back(next);
    covered[next] = true;
  };
  add(id);
  while (!pending.empty()) {
    const SchemaNode& node = graph.nodes[pending.back()];
    pending.pop_back();
    for_each_in_place(node, add);
    for_each_below(node, add);
  }
}

// Roots to look at: first those that no schema refers to, then what is left of cycles. A component that
// others use is looked at where they use it: there it may be sealed as a whole.
std::vector<std::size_t> judged_roots(const schema::SchemaGraph& graph) {
  std::vector<bool> referred(graph.nodes.size());
  for (const SchemaNode& node : graph.nodes) {
    const auto mark = [&](SchemaId id) { referred[id] = true; };
    for_each_in_place(node, mark);
    for_each_below(node, mark);
  }
  std::vector<bool> covered(graph.nodes.size());
  std::vector<std::size_t> judged;
  for (const bool is_referred : {false, true})
    for (std::size_t i = 0; i < graph.roots.size(); ++i) {
      const SchemaId id = graph.roots[i];
      if (referred[id] != is_referred || covered[id]) continue;
      cover(graph, id, covered);
      judged.push_back(i);
    }
  return judged;
}

}  // namespace

std::string_view kind_name(Finding::Kind kind) noexcept {
  switch (kind) {
    case Finding::Kind::kUnsealedName: return "unsealed_name";
    case Finding::Kind::kUnsealedFormat: return "unsealed_format";
    case Finding::Kind::kGuessable: break;
  }
  return "guessable";
}

std::string describe(const Finding& finding) {
  const std::string place = finding.path + " of #" + finding.root;
  const std::string what(finding.what);
  switch (finding.kind) {
    case Finding::Kind::kUnsealedName: return place + " is not sealed and by its name holds " + what;
    case Finding::Kind::kUnsealedFormat: return place + " is not sealed and by its format is " + what;
    case Finding::Kind::kGuessable: break;
  }
  return place + " is " + what + ": sealed deterministically, its tokens tell its value";
}

std::string fragment_of(std::string_view pointer) {
  std::string fragment;
  for (const char c : pointer) {
    fragment += c;
    if (c == '%') fragment += "25";
  }
  return fragment;
}

Result<std::vector<Finding>> find_mistakes(const SchemaFile& file, const schema::CompileOptions& options) {
  const bool is_yaml = file.format == schema::SourceFormat::kYaml;
  NES_TRY_ASSIGN(const schema::SourceTree tree,
                 is_yaml ? schema::read_yaml(file.text) : schema::read_json(file.text));
  NES_TRY_ASSIGN(const std::vector<schema::Root> roots, schema::find_roots(tree));
  NES_TRY_ASSIGN(const schema::SchemaGraph graph, schema::build_graph(tree, roots, options));
  Walk walk(tree, graph);
  for (const std::size_t i : judged_roots(graph)) {
    NES_TRY_ASSIGN(const schema::FieldPlan plan, file.compiled->plan(fragment_of(roots[i].pointer)));
    NES_TRY(walk.root(roots[i].pointer, graph.roots[i], plan));
  }
  return std::move(walk).finish();
}

}  // namespace nes::nitro_enc

#include "schema/place.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace nes::schema {
namespace {

Tier merge(const Tier& a, const Tier& b) {
  Tier out;
  out.reserve(a.size() + b.size());
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

// A tier whose schemas all stand in one earlier tier can neither decide nor conflict; dropping it keeps the
// number of places finite.
void append(Place& place, Tier tier) {
  if (tier.empty()) return;
  const auto covers = [&tier](const Tier& earlier) { return std::ranges::includes(earlier, tier); };
  if (std::ranges::none_of(place, covers)) place.push_back(std::move(tier));
}

}  // namespace

Places::Places(const SchemaGraph& graph, Steps& steps)
    : graph_(graph),
      steps_(steps),
      alive_(graph.nodes.size()),
      closures_(graph.nodes.size()),
      mark_(graph.nodes.size()) {
  find_alive();
}

// Backwards from the schemas with rules.
void Places::find_alive() {
  std::vector<std::vector<SchemaId>> users(graph_.nodes.size());
  std::vector<SchemaId> pending;
  for (SchemaId id = 0; id < graph_.nodes.size(); ++id) {
    const auto add_user = [&users, id](SchemaId used) { users[used].push_back(id); };
    for_each_in_place(graph_.nodes[id], add_user);
    for_each_below(graph_.nodes[id], add_user);
    if (graph_.nodes[id].rule == json::kNoRule) continue;
    alive_[id] = true;
    pending.push_back(id);
  }
  while (!pending.empty()) {
    const SchemaId used = pending.back();
    pending.pop_back();
    for (const SchemaId id : users[used]) {
      if (alive_[id]) continue;
      alive_[id] = true;
      pending.push_back(id);
    }
  }
}

bool Places::speaks(SchemaId id) const {
  const SchemaNode& node = graph_.nodes[id];
  bool speaks = node.rule != json::kNoRule;
  for_each_below(node, [this, &speaks](SchemaId below) { speaks = speaks || alive_[below]; });
  return speaks;
}

const Tier& Places::closure(SchemaId id) {
  if (!closures_[id]) closures_[id] = reach(id, true);
  return *closures_[id];
}

Tier Places::reach(SchemaId id, bool through_sealed) {
  Tier tier;
  std::vector<SchemaId> pending;
  ++walk_;
  const auto visit = [this, &pending, through_sealed](SchemaId next) {
    if (!alive_[next] || mark_[next] == walk_) return;
    if (!through_sealed && graph_.nodes[next].sealed) return;
    mark_[next] = walk_;
    pending.push_back(next);
  };
  visit(id);
  while (!pending.empty()) {
    const SchemaId at = pending.back();
    pending.pop_back();
    if (speaks(at)) tier.push_back(at);
    for_each_in_place(graph_.nodes[at], visit);
    steps_.spend(1 + graph_.nodes[at].all_of.size() + graph_.nodes[at].conditional.size());
  }
  std::ranges::sort(tier);
  return tier;
}

const std::vector<SchemaId>& Places::evaluators(SchemaId id) {
  const auto [place, is_new] = evaluators_.try_emplace(id);
  std::vector<SchemaId>& found = place->second;
  if (!is_new) return found;
  ++walk_;
  const auto visit = [this, &found](SchemaId next) {
    if (mark_[next] == walk_) return;
    mark_[next] = walk_;
    found.push_back(next);
  };
  visit(id);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const SchemaNode& node = graph_.nodes[found[i]];
    for_each_certain(node, visit);
    steps_.spend(1 + node.all_of.size());
  }
  return found;
}

Place Places::of_root(SchemaId id) {
  Place place;
  append(place, closure(id));
  return place;
}

Place Places::of_unnamed_root(SchemaId id) {
  Place place;
  append(place, reach(id, false));
  return place;
}

Place Places::of(std::vector<Statement>& statements) {
  std::ranges::sort(statements, {}, [](const Statement& s) { return std::tie(s.tier, s.rank, s.schema); });
  Place place;
  for (auto at = statements.begin(); at != statements.end();) {
    const std::uint32_t tier = at->tier;
    const auto same_tier = [tier](const Statement& s) { return s.tier == tier; };
    const auto end = std::find_if_not(at, statements.end(), same_tier);
    const auto otherwise =
        std::find_if(at, end, [](const Statement& s) { return s.rank == Statement::kOtherwise; });
    Tier equals;
    for (auto it = otherwise; it != end; ++it) equals = merge(equals, closure(it->schema));
    Tier said = equals;
    for (; at != otherwise && at->rank == Statement::kLiteral; ++at) said = merge(said, closure(at->schema));
    steps_.spend(1 + said.size() + place.size());
    append(place, std::move(said));
    while (at != otherwise) {
      const std::uint32_t rank = at->rank;
      Tier matched;
      for (; at != otherwise && at->rank == rank; ++at) matched = merge(matched, closure(at->schema));
      steps_.spend(1 + matched.size() + equals.size() + place.size());
      if (!matched.empty()) append(place, merge(matched, equals));
    }
    at = end;
  }
  return place;
}

Result<json::RuleIndex> Places::rule(const Place& place) const {
  json::RuleIndex decided = json::kNoRule;
  for (const Tier& tier : place) {
    json::RuleIndex of_tier = json::kNoRule;
    for (const SchemaId id : tier) {
      const SchemaNode& node = graph_.nodes[id];
      if (node.rule == json::kNoRule) continue;
      if (of_tier != json::kNoRule && of_tier != node.rule) {
        return Error{ErrorCode::kSchemaRefused, "different x-pii for one value", node.rule_line};
      }
      of_tier = node.rule;
    }
    if (decided == json::kNoRule) decided = of_tier;
  }
  return decided;
}

}  // namespace nes::schema

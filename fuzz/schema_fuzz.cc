// Any document: compiling ends within its bounds, and a plan that comes out keeps what its contract says. The
// first byte chooses: `j` JSON, anything else YAML.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "schema/field_plan.h"

namespace {

using nes::json::kNoRule;
using nes::json::kNothingPlanned;
using nes::json::PlanState;
using nes::schema::FieldPlan;
using nes::schema::Schema;

constexpr std::size_t kStatesWalked = 200;

// The words of the document, which are likely keys of its plan, and some that are not.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words = {"", "a", "zz", "\xED\xA0\x80", "x-pii"};
  for (std::size_t i = 0; i < text.size() && words.size() < 40; ++i) {
    std::size_t end = i;
    while (end < text.size() && std::string_view(" \t\n\"':,{}[]").find(text[end]) == std::string_view::npos)
      ++end;
    if (end > i) words.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

// The states that `step` leads to from one state.
std::vector<PlanState> successors(const FieldPlan& plan, PlanState state,
                                  const std::vector<std::string>& words) {
  std::vector<PlanState> out;
  for (const std::string& word : words) out.push_back(plan.member(state, word));
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}, std::size_t{2}, SIZE_MAX}) {
    out.push_back(plan.element(state, index));
  }
  return out;
}

void check_state(const FieldPlan& plan, PlanState state, const std::vector<PlanState>& next) {
  const bool nothing = std::ranges::all_of(next, [](PlanState to) { return to == kNothingPlanned; });
  if (state == kNothingPlanned) NES_CHECK(nothing && plan.rule(state) == kNoRule);
  if (plan.rule(state) == kNoRule) return;
  NES_CHECK(nothing);  // below a value with a rule nothing else is planned
  const nes::schema::Rule& rule = plan.rule_at(plan.rule(state));
  NES_CHECK(rule.context.size() <= 64 && rule.previous_contexts.size() <= 16);
}

void walk(const FieldPlan& plan, const std::vector<std::string>& words) {
  std::vector<PlanState> states{plan.start()};
  for (std::size_t i = 0; i < states.size() && i < kStatesWalked; ++i) {
    const std::vector<PlanState> next = successors(plan, states[i], words);
    check_state(plan, states[i], next);
    for (const PlanState to : next) {
      if (std::ranges::find(states, to) == states.end()) states.push_back(to);
    }
  }
}

// What one root seals the union seals in the same way, and if `roots` are `all` of them, whatever the union
// plans some root plans.
void walk_with_union(const FieldPlan& united, const std::vector<FieldPlan>& roots, bool all,
                     const std::vector<std::string>& words) {
  using Pair = std::pair<PlanState, std::vector<PlanState>>;
  Pair start{united.start(), {}};
  for (const FieldPlan& root : roots) start.second.push_back(root.start());
  std::vector<Pair> pairs{start};
  for (std::size_t i = 0; i < pairs.size() && i < kStatesWalked; ++i) {
    const auto [state, members] = pairs[i];
    bool planned = false;
    for (std::size_t root = 0; root < roots.size(); ++root) {
      planned = planned || members[root] != kNothingPlanned;
      const nes::json::RuleIndex rule = roots[root].rule(members[root]);
      if (rule != kNoRule) NES_CHECK(united.rule(state) == rule);
    }
    if (planned) NES_CHECK(state != kNothingPlanned);
    if (all) NES_CHECK(planned == (state != kNothingPlanned));
    const std::vector<PlanState> next = successors(united, state, words);
    std::vector<std::vector<PlanState>> next_members(next.size());
    for (std::size_t root = 0; root < roots.size(); ++root) {
      const std::vector<PlanState> of_root = successors(roots[root], members[root], words);
      for (std::size_t step = 0; step < next.size(); ++step) next_members[step].push_back(of_root[step]);
    }
    for (std::size_t step = 0; step < next.size(); ++step) {
      Pair pair{next[step], std::move(next_members[step])};
      if (std::ranges::find(pairs, pair) == pairs.end()) pairs.push_back(std::move(pair));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto format = data[0] == 'j' ? nes::schema::SourceFormat::kJson : nes::schema::SourceFormat::kYaml;
  const auto schema = Schema::compile(text, format, {});
  if (!schema.ok()) {
    NES_CHECK(schema.error().code == nes::ErrorCode::kSchemaRefused ||
              schema.error().code == nes::ErrorCode::kLimit);
    NES_CHECK(schema.error().position >= 1);
    return 0;
  }
  const std::vector<std::string> words = words_of(text);
  std::vector<FieldPlan> open;  // roots that the union has in full
  bool all = true;
  for (const std::string& pointer : (*schema)->roots()) {
    const auto plan = (*schema)->plan(pointer);
    // A name with a `%` is not its own percent-encoding.
    if (pointer.find('%') != std::string::npos) continue;
    NES_CHECK(plan.ok());
    walk(*plan, words);
    if (plan->rule(plan->start()) == kNoRule) {
      open.push_back(*plan);
    } else {
      all = false;  // the union may have branches of it
    }
    if (open.size() > 20) break;
  }
  const auto united = (*schema)->plan(std::nullopt);
  if (!united.ok()) {
    NES_CHECK(united.error().code == nes::ErrorCode::kSchemaRootRequired);
    return 0;
  }
  walk(*united, words);
  if (open.size() <= 20 && text.find('%') == std::string_view::npos) {
    walk_with_union(*united, open, all, words);
  }
  return 0;
}

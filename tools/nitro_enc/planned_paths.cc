#include "tools/nitro_enc/planned_paths.h"

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "schema/automaton.h"

namespace nes::nitro_enc {
namespace {

using json::PlanState;

class Lister {
 public:
  explicit Lister(const schema::FieldPlan& plan) noexcept : plan_(plan) {}

  PathList list() {
    visit("", plan_.start());
    std::ranges::stable_sort(list_.paths, {}, &PlannedPath::path);
    return std::move(list_);
  }

 private:
  void visit(const std::string& path, PlanState state) {
    const bool is_over = list_.paths.size() >= limits::kListedPaths || ++steps_ > limits::kListedSteps;
    if (is_over || above_.size() >= limits::kListedDepth) {
      list_.complete = false;
      return;
    }
    if (plan_.rule(state) != json::kNoRule) {
      list_.paths.push_back({path, plan_.rule_at(plan_.rule(state))});
      return;
    }
    const auto [above, is_new] = above_.emplace(state, path);
    if (!is_new) {
      list_.paths.push_back({path, {}, above->second});
      return;
    }
    for (const schema::Transition& step : plan_.automaton().transitions(state))
      visit(member_path(path, step.label), step.target);
    above_.erase(state);
  }

  const schema::FieldPlan& plan_;
  PathList list_;
  std::size_t steps_ = 0;
  std::map<PlanState, std::string>
      above_;  // the states that lead to the one that is visited, and their paths
};

}  // namespace

std::string member_path(std::string_view parent, std::string_view key) {
  std::string path(parent);
  path += '/';
  for (const char c : key) {
    if (c == '~')
      path += "~0";
    else if (c == '/')
      path += "~1";
    else
      path += c;
  }
  return path;
}

PathList list_paths(const schema::FieldPlan& plan) {
  if (plan.start() == json::kNothingPlanned) return {};
  return Lister(plan).list();
}

}  // namespace nes::nitro_enc

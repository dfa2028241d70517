#include "policy/evaluate.h"

#include <algorithm>

#include "policy/match.h"

namespace nes::policy {
namespace {

bool is_negated(Operator test) noexcept {
  return test == Operator::kStringNotEquals || test == Operator::kStringNotEqualsIgnoreCase ||
         test == Operator::kStringNotLike || test == Operator::kArnNotEquals || test == Operator::kArnNotLike;
}

// Whether `found`, a value of the request, is what `wanted`, a value of the policy, says; negation is not
// looked at.
bool compares(Operator test, std::string_view wanted, std::string_view found) {
  switch (test) {
    case Operator::kStringEquals:
    case Operator::kStringNotEquals: return wanted == found;
    case Operator::kStringEqualsIgnoreCase:
    case Operator::kStringNotEqualsIgnoreCase:
    case Operator::kBool: return equals_ignoring_case(wanted, found);
    case Operator::kStringLike:
    case Operator::kStringNotLike: return matches_pattern(wanted, found, Case::kSensitive);
    // ArnEquals and ArnLike are the same to AWS.
    case Operator::kArnEquals:
    case Operator::kArnNotEquals:
    case Operator::kArnLike:
    case Operator::kArnNotLike: return matches_arn(wanted, found);
    case Operator::kNull:
    case Operator::kNotEvaluated: break;
  }
  return false;
}

bool has_variable(std::string_view text) noexcept { return text.find("${") != std::string_view::npos; }

Truth truth(bool value) noexcept { return value ? Truth::kYes : Truth::kNo; }

bool is_null(const Condition& condition, bool exists) {
  return std::ranges::any_of(condition.values, [exists](const std::string& value) {
    return equals_ignoring_case(value, exists ? "false" : "true");
  });
}

// Callers that a NotPrincipal leaves out. An Allow leaves out whoever is listed by any name; a Deny only
// those whose account, role and session are all listed, as AWS asks for, so that a list that is too short
// denies more.
bool is_left_out(const Statement& statement, const Identity& caller) {
  const auto listed = [&](const Identity& name) {
    return std::ranges::any_of(statement.principals.items,
                               [&](const Principal& principal) { return names(principal, name); });
  };
  if (statement.effect == Effect::kAllow) return listed(caller);
  return listed({caller.arn, caller.arn, {}}) && listed({caller.role_arn, caller.role_arn, {}}) &&
         listed({{}, {}, caller.account});
}

bool holds_all(const Statement& statement, const Context& context) {
  Truth all = Truth::kYes;
  for (const Condition& condition : statement.conditions) all = std::min(all, holds(condition, context));
  return statement.effect == Effect::kAllow ? all == Truth::kYes : all != Truth::kNo;
}

bool applies(const Statement& statement, const Request& request) {
  return is_about(statement, request.caller) && covers_action(statement, request.action) &&
         covers_resource(statement, request.resource) && holds_all(statement, request.context);
}

}  // namespace

void Context::add(std::string_view name, std::string value) {
  values_[to_lower(name)].push_back(std::move(value));
}

const std::vector<std::string>* Context::find(std::string_view name) const {
  const auto at = values_.find(to_lower(name));
  return at == values_.end() ? nullptr : &at->second;
}

bool names(const Principal& principal, const Identity& caller) {
  if (principal.value == "*") return true;
  if (principal.type != PrincipalType::kAws) return false;
  if (const std::string_view account = account_of(principal.value); !account.empty())
    return account == caller.account;
  return principal.value == caller.arn || principal.value == caller.role_arn;
}

bool is_about(const Statement& statement, const Identity& caller) {
  if (statement.principals.all_but) return !is_left_out(statement, caller);
  return std::ranges::any_of(statement.principals.items,
                             [&](const Principal& principal) { return names(principal, caller); });
}

bool covers_action(const Statement& statement, std::string_view action) {
  const bool listed = std::ranges::any_of(statement.actions.items, [&](const std::string& pattern) {
    return matches_pattern(pattern, action, Case::kIgnored);
  });
  return listed != statement.actions.all_but;
}

bool covers_resource(const Statement& statement, std::string_view resource) {
  const auto& items = statement.resources.items;
  // A variable may stand for anything.
  if (std::ranges::any_of(items, has_variable)) return statement.effect == Effect::kDeny;
  const bool listed =
      std::ranges::any_of(items, [&](const std::string& pattern) { return matches_arn(pattern, resource); });
  return listed != statement.resources.all_but;
}

Truth holds(const Condition& condition, const Context& context) {
  const std::vector<std::string>* const found = context.find(condition.key);
  if (condition.test == Operator::kNull) return truth(is_null(condition, found != nullptr));
  if (found == nullptr && condition.if_exists) return Truth::kYes;
  if (condition.test == Operator::kNotEvaluated || std::ranges::any_of(condition.values, has_variable))
    return Truth::kUndecided;

  const bool negated = is_negated(condition.test);
  const auto passes = [&](const std::string& value) {
    const bool equal = std::ranges::any_of(
        condition.values, [&](const std::string& wanted) { return compares(condition.test, wanted, value); });
    return equal != negated;
  };
  switch (condition.quantifier) {
    case Quantifier::kForAnyValue: return truth(found != nullptr && std::ranges::any_of(*found, passes));
    case Quantifier::kForAllValues: return truth(found == nullptr || std::ranges::all_of(*found, passes));
    case Quantifier::kNone: break;
  }
  // What is not there is not equal to anything.
  if (found == nullptr) return truth(negated);
  if (found->size() != 1) return Truth::kUndecided;
  return truth(passes(found->front()));
}

Decision evaluate(const Policy& policy, const Request& request) {
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (std::size_t i = 0; i < policy.statements.size(); ++i) {
      const Statement& statement = policy.statements[i];
      if (statement.effect == effect && applies(statement, request))
        return {effect == Effect::kDeny ? Outcome::kDenied : Outcome::kAllowed, i};
    }
  }
  return {};
}

}  // namespace nes::policy

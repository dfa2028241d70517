#include "policy/policy.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/limits.h"
#include "json/reader.h"
#include "policy/match.h"

namespace nes::policy {
namespace {

using json::EventType;

struct NamedOperator {
  std::string_view name;
  Operator test;
};
// "IAM JSON policy elements: Condition operators".
constexpr NamedOperator kOperators[] = {
    {"StringEquals", Operator::kStringEquals},
    {"StringNotEquals", Operator::kStringNotEquals},
    {"StringEqualsIgnoreCase", Operator::kStringEqualsIgnoreCase},
    {"StringNotEqualsIgnoreCase", Operator::kStringNotEqualsIgnoreCase},
    {"StringLike", Operator::kStringLike},
    {"StringNotLike", Operator::kStringNotLike},
    {"ArnEquals", Operator::kArnEquals},
    {"ArnNotEquals", Operator::kArnNotEquals},
    {"ArnLike", Operator::kArnLike},
    {"ArnNotLike", Operator::kArnNotLike},
    {"Bool", Operator::kBool},
    {"Null", Operator::kNull},
    {"NumericEquals", Operator::kNotEvaluated},
    {"NumericNotEquals", Operator::kNotEvaluated},
    {"NumericLessThan", Operator::kNotEvaluated},
    {"NumericLessThanEquals", Operator::kNotEvaluated},
    {"NumericGreaterThan", Operator::kNotEvaluated},
    {"NumericGreaterThanEquals", Operator::kNotEvaluated},
    {"DateEquals", Operator::kNotEvaluated},
    {"DateNotEquals", Operator::kNotEvaluated},
    {"DateLessThan", Operator::kNotEvaluated},
    {"DateLessThanEquals", Operator::kNotEvaluated},
    {"DateGreaterThan", Operator::kNotEvaluated},
    {"DateGreaterThanEquals", Operator::kNotEvaluated},
    {"BinaryEquals", Operator::kNotEvaluated},
    {"IpAddress", Operator::kNotEvaluated},
    {"NotIpAddress", Operator::kNotEvaluated},
};

constexpr std::pair<std::string_view, PrincipalType> kPrincipalTypes[] = {
    {"AWS", PrincipalType::kAws},
    {"Service", PrincipalType::kService},
    {"Federated", PrincipalType::kFederated},
    {"CanonicalUser", PrincipalType::kCanonicalUser},
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Null asks whether a key exists, so IfExists and the quantifiers say nothing there: AWS has no such
// operator.
std::optional<Condition> parse_operator(std::string_view name) {
  Condition out{.test = Operator::kNotEvaluated, .operator_name = std::string(name), .key = {}, .values = {}};
  if (take_prefix(name, "ForAnyValue:"))
    out.quantifier = Quantifier::kForAnyValue;
  else if (take_prefix(name, "ForAllValues:"))
    out.quantifier = Quantifier::kForAllValues;
  constexpr std::string_view kIfExists = "IfExists";
  out.if_exists = name.ends_with(kIfExists);
  if (out.if_exists) name.remove_suffix(kIfExists.size());
  const auto* const found = std::ranges::find(kOperators, name, &NamedOperator::name);
  if (found == std::end(kOperators)) return std::nullopt;
  out.test = found->test;
  const bool is_plain = out.quantifier == Quantifier::kNone && !out.if_exists;
  if (out.test == Operator::kNull && !is_plain) return std::nullopt;
  return out;
}

// AROA…, AIDA…: "IAM identifiers: Unique identifiers".
bool is_unique_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 && text.front() == 'A' &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

bool is_principal(PrincipalType type, std::string_view value) {
  if (type != PrincipalType::kAws)
    return !value.empty() && value.find_first_of("*?") == std::string_view::npos;
  if (value == "*" || is_unique_id(value) || !account_of(value).empty()) return true;
  return is_arn(value) && value.find_first_of("*?") == std::string_view::npos;
}

bool is_action(std::string_view text) {
  const std::size_t colon = text.find(':');
  return text == "*" || (colon != 0 && colon != std::string_view::npos && colon + 1 < text.size() &&
                         text.find(':', colon + 1) == std::string_view::npos);
}

bool is_resource(std::string_view text) { return text == "*" || is_arn(text); }

bool is_truth(std::string_view text) {
  return equals_ignoring_case(text, "true") || equals_ignoring_case(text, "false");
}

class Parser {
 public:
  explicit Parser(std::string_view text) noexcept : reader_(text, limits::kPolicyDepth) {}

  Result<Policy> policy();

 private:
  // Every function reads whole values; what a key stands for begins with the event after it.
  Result<json::Event> next();
  // The next key of an object, or nothing at its end. No key may come twice in `seen`.
  Result<std::optional<std::string>> key(std::set<std::string>& seen);
  Result<void> expect(EventType type, base::StaticText otherwise);
  Result<std::string> string();
  Result<std::vector<std::string>> strings(bool scalars_too);

  Result<std::vector<Statement>> statements();
  Result<Statement> statement(std::uint32_t line);
  Result<void> element(std::string_view name, Statement& out);
  Result<Effect> effect();
  Result<Selection<Principal>> principals(bool all_but);
  Result<Selection<std::string>> names(bool all_but, bool (*is_one)(std::string_view));
  Result<std::vector<Condition>> conditions();
  Result<void> compared(const Condition& how, std::vector<Condition>& out);

  Error refuse(base::StaticText reason) const noexcept { return {ErrorCode::kMalformed, reason, line_}; }

  json::Reader reader_;
  std::uint32_t line_ = 1;  // of the last event
};

Result<json::Event> Parser::next() {
  Result<json::Event> event = reader_.next();
  if (event.ok()) line_ = event->line;
  return event;
}

Result<void> Parser::expect(EventType type, base::StaticText otherwise) {
  NES_TRY_ASSIGN(const json::Event event, next());
  if (event.type != type) return refuse(otherwise);
  return {};
}

Result<std::optional<std::string>> Parser::key(std::set<std::string>& seen) {
  NES_TRY_ASSIGN(const json::Event event, next());
  if (event.type == EventType::kEndObject) return std::optional<std::string>();
  std::string name(event.text);
  if (!seen.insert(name).second) return refuse("a key is repeated");
  return std::optional(std::move(name));
}

Result<std::string> Parser::string() {
  NES_TRY_ASSIGN(const json::Event event, next());
  if (event.type != EventType::kString) return refuse("a value is no string");
  return std::string(event.text);
}

// A value, or a list of at least one.
Result<std::vector<std::string>> Parser::strings(bool scalars_too) {
  std::vector<std::string> out;
  bool in_list = false;
  do {
    NES_TRY_ASSIGN(const json::Event event, next());
    if (event.type == EventType::kBeginArray && !in_list)
      in_list = true;
    else if (event.type == EventType::kEndArray)
      in_list = false;
    else if (event.type == EventType::kString || (scalars_too && event.type == EventType::kNumber))
      out.emplace_back(event.text);
    else if (scalars_too && (event.type == EventType::kTrue || event.type == EventType::kFalse))
      out.emplace_back(event.type == EventType::kTrue ? "true" : "false");
    else
      return refuse("a value is neither a string nor a list of strings");
  } while (in_list);
  if (out.empty()) return refuse("a list is empty");
  return out;
}

Result<Effect> Parser::effect() {
  NES_TRY_ASSIGN(const std::string text, string());
  if (text == "Allow") return Effect::kAllow;
  if (text == "Deny") return Effect::kDeny;
  return refuse("an effect is neither Allow nor Deny");
}

Result<Selection<Principal>> Parser::principals(bool all_but) {
  Selection<Principal> out{.all_but = all_but};
  NES_TRY_ASSIGN(const json::Event first, next());
  if (first.type == EventType::kString && first.text == "*") {
    out.items.push_back({PrincipalType::kEveryone, "*"});
    return out;
  }
  if (first.type != EventType::kBeginObject) return refuse("a principal is neither * nor an object");
  std::set<std::string> seen;
  for (;;) {
    NES_TRY_ASSIGN(const auto name, key(seen));
    if (!name) break;
    const auto* const type =
        std::ranges::find(kPrincipalTypes, *name, &std::pair<std::string_view, PrincipalType>::first);
    if (type == std::end(kPrincipalTypes)) return refuse("a kind of principal is unknown");
    NES_TRY_ASSIGN(std::vector<std::string> values, strings(false));
    for (std::string& value : values) {
      if (!is_principal(type->second, value)) return refuse("a principal is of no known form");
      out.items.push_back({type->second, std::move(value)});
    }
  }
  if (out.items.empty()) return refuse("a list of principals is empty");
  return out;
}

Result<Selection<std::string>> Parser::names(bool all_but, bool (*is_one)(std::string_view)) {
  NES_TRY_ASSIGN(std::vector<std::string> items, strings(false));
  if (!std::ranges::all_of(items, is_one)) return refuse("an action or a resource is of no known form");
  return Selection<std::string>{all_but, std::move(items)};
}

Result<std::vector<Condition>> Parser::conditions() {
  std::vector<Condition> out;
  NES_TRY(expect(EventType::kBeginObject, "the conditions are no object"));
  std::set<std::string> seen;
  for (;;) {
    NES_TRY_ASSIGN(const auto name, key(seen));
    if (!name) return out;
    const std::optional<Condition> how = parse_operator(*name);
    if (!how) return refuse("a condition operator is unknown");
    NES_TRY(compared(*how, out));
  }
}

// The keys and values of one operator.
Result<void> Parser::compared(const Condition& how, std::vector<Condition>& out) {
  NES_TRY(expect(EventType::kBeginObject, "what a condition compares is no object"));
  std::set<std::string> seen;
  std::set<std::string> seen_lower;  // condition keys are compared without regard to case
  for (;;) {
    NES_TRY_ASSIGN(auto name, key(seen));
    if (!name) break;
    if (name->empty() || !seen_lower.insert(to_lower(*name)).second)
      return refuse("a condition key is repeated");
    Condition condition = how;
    condition.key = *std::move(name);
    NES_TRY_ASSIGN(condition.values, strings(true));
    const bool is_logical = how.test == Operator::kBool || how.test == Operator::kNull;
    if (is_logical && !std::ranges::all_of(condition.values, is_truth))
      return refuse("a condition is compared with neither true nor false");
    out.push_back(std::move(condition));
  }
  if (seen.empty()) return refuse("a condition compares nothing");
  return {};
}

Result<void> Parser::element(std::string_view name, Statement& out) {
  const auto once = [this](bool is_first, auto&& value, auto& into) -> Result<void> {
    if (!value.ok()) return value.error();
    if (!is_first) return refuse("an element and its Not form are both there");
    into = std::forward<decltype(value)>(value).value();
    return {};
  };
  const bool all_but = name.starts_with("Not");
  const std::string_view plain = all_but ? name.substr(3) : name;
  if (plain == "Principal") return once(out.principals.items.empty(), principals(all_but), out.principals);
  if (plain == "Action") return once(out.actions.items.empty(), names(all_but, is_action), out.actions);
  if (plain == "Resource")
    return once(out.resources.items.empty(), names(all_but, is_resource), out.resources);
  if (name == "Sid") return once(true, string(), out.sid);
  if (name == "Effect") return once(true, effect(), out.effect);
  if (name == "Condition") return once(true, conditions(), out.conditions);
  return refuse("a statement has an unknown element");
}

// Behind its opening brace.
Result<Statement> Parser::statement(std::uint32_t line) {
  Statement out{.line = line};
  std::set<std::string> seen;
  for (;;) {
    NES_TRY_ASSIGN(const auto name, key(seen));
    if (!name) break;
    NES_TRY(element(*name, out));
  }
  if (!seen.contains("Effect")) return refuse("a statement has no effect");
  if (out.principals.items.empty()) return refuse("a statement has no principal");
  if (out.actions.items.empty()) return refuse("a statement has no action");
  if (out.resources.items.empty()) return refuse("a statement has no resource");
  return out;
}

Result<std::vector<Statement>> Parser::statements() {
  std::vector<Statement> out;
  bool in_list = false;
  do {
    NES_TRY_ASSIGN(const json::Event event, next());
    if (event.type == EventType::kBeginArray && !in_list) {
      in_list = true;
    } else if (event.type == EventType::kEndArray) {
      in_list = false;
    } else if (event.type == EventType::kBeginObject) {
      NES_TRY_ASSIGN(Statement parsed, statement(event.line));
      out.push_back(std::move(parsed));
    } else {
      return refuse("a statement is no object");
    }
  } while (in_list);
  if (out.empty()) return refuse("a policy has no statement");
  return out;
}

Result<Policy> Parser::policy() {
  Policy out{.version = "2008-10-17"};
  NES_TRY(expect(EventType::kBeginObject, "a policy is no object"));
  std::set<std::string> seen;
  for (;;) {
    NES_TRY_ASSIGN(const auto name, key(seen));
    if (!name) break;
    if (*name == "Version") {
      NES_TRY_ASSIGN(out.version, string());
      if (out.version != "2012-10-17" && out.version != "2008-10-17") return refuse("a version is unknown");
    } else if (*name == "Id") {
      NES_TRY_ASSIGN(out.id, string());
    } else if (*name == "Statement") {
      NES_TRY_ASSIGN(out.statements, statements());
    } else {
      return refuse("a policy has an unknown element");
    }
  }
  if (out.statements.empty()) return refuse("a policy has no statement");
  NES_TRY(expect(EventType::kEnd, "something follows the policy"));
  return out;
}

}  // namespace

Result<Policy> parse(std::string_view text) {
  if (text.size() > limits::kPolicyBytes) return Error{ErrorCode::kLimit, "a policy is too long"};
  return Parser(text).policy();
}

}  // namespace nes::policy

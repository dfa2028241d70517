#include "tools/nitro_enc/policy_check.h"

#include <algorithm>

#include "policy/evaluate.h"
#include "policy/match.h"
#include "tools/nitro_enc/json_writer.h"
#include "tools/nitro_enc/policy_inputs.h"

namespace nes::nitro_enc {
namespace {

using policy::Finding;

void print_json(std::ostream& out, const std::vector<Finding>& findings, const policy::Intent& intent,
                bool knows_grants) {
  JsonWriter json;
  json.begin_object().key("closed").boolean(findings.empty()).key("grants_checked").boolean(knows_grants);
  json.key("pcr0s").begin_array();
  for (const std::string& pcr0 : intent.pcr0s) json.string(pcr0);
  json.end().key("findings").begin_array();
  for (const Finding& finding : findings) {
    json.begin_object().key("problem").string(policy::name_of(finding.problem));
    json.key("statement");
    finding.statement ? json.number(*finding.statement + 1) : json.null();
    json.key("sid");
    finding.sid.empty() ? json.null() : json.string(finding.sid);
    json.key("line");
    finding.line > 0 ? json.number(finding.line) : json.null();
    json.key("grant_id");
    finding.grant_id.empty() ? json.null() : json.string(finding.grant_id);
    json.key("what").string(finding.what).key("fix").string(finding.fix).end();
  }
  json.end().end();
  out << std::move(json).finish();
}

std::string part_of_arn(std::string_view arn, int number) {
  for (int i = 0; i < number; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return std::string(number == 5 ? arn : arn.substr(0, arn.find(':')));
}

// All names of the principal: a session has its role's too.
policy::Identity identity_of(const std::string& arn) {
  policy::Identity out{arn, arn, part_of_arn(arn, 4)};
  constexpr std::string_view kSession = "assumed-role/";
  std::string resource = part_of_arn(arn, 5);
  if (!resource.starts_with(kSession)) return out;
  resource.erase(0, kSession.size());
  out.role_arn = "arn:" + part_of_arn(arn, 1) + ":iam::" + out.account + ":role/" +
                 resource.substr(0, resource.find('/'));
  return out;
}

// The request's conditions, or nothing after a line on `err`.
std::optional<policy::Context> context_of(const Arguments& arguments, const policy::Identity& caller,
                                          Context& context) {
  policy::Context out;
  out.add("kms:CallerAccount", caller.account);
  out.add("aws:PrincipalArn", caller.role_arn);
  out.add("aws:PrincipalAccount", caller.account);
  out.add("aws:SecureTransport", "true");
  if (const auto pcr0 = arguments.value("pcr0")) {
    if (!policy::is_pcr0(*pcr0)) {
      context.misused("--pcr0 is no PCR0: 96 hexadecimal digits that are not all 0, as in debug mode");
      return std::nullopt;
    }
    out.add("kms:RecipientAttestation:PCR0", policy::to_lower(*pcr0));  // as KMS spells it
    out.add("kms:RecipientAttestation:ImageSha384", policy::to_lower(*pcr0));
  }
  for (const std::string_view text : arguments.values("context")) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      context.misused("--context is not KEY=VALUE");
      return std::nullopt;
    }
    out.add(text.substr(0, equals), std::string(text.substr(equals + 1)));
  }
  return out;
}

// The grant that allows what the policy does not deny, if there is one.
const policy::Grant* granting(const KeyPolicy& key, const policy::Identity& caller, std::string_view action) {
  const auto found = std::ranges::find_if(key.grants, [&](const policy::Grant& grant) {
    return (grant.grantee == caller.arn || grant.grantee == caller.role_arn) &&
           std::ranges::any_of(grant.operations, [&](const std::string& operation) {
             return policy::equals_ignoring_case("kms:" + operation, action);
           });
  });
  return found == key.grants.end() ? nullptr : &*found;
}

std::string name_of(const KeyPolicy& key, std::size_t index) {
  const policy::Statement& statement = key.parsed.statements[index];
  return where({.problem = {}, .statement = index, .sid = statement.sid, .line = statement.line});
}

std::string account_is_asked(const policy::Statement& statement, const policy::Identity& caller) {
  const bool by_account =
      std::ranges::any_of(statement.principals.items, [&](const policy::Principal& principal) {
        return policy::account_of(principal.value) == caller.account;
      });
  return by_account ? ", if the IAM policies of the account allow it too" : "";
}

}  // namespace

std::string where(const Finding& finding) {
  if (!finding.grant_id.empty()) return "grant " + finding.grant_id;
  if (!finding.statement) return "the policy";
  std::string text = "statement " + std::to_string(*finding.statement + 1);
  if (!finding.sid.empty()) text += " \"" + finding.sid + "\"";
  return text + " (line " + std::to_string(finding.line) + ")";
}

void print_findings(std::ostream& out, const std::vector<Finding>& findings) {
  std::size_t places = 5;
  std::size_t problems = 7;
  for (const Finding& finding : findings) {
    places = std::max(places, where(finding).size());
    problems = std::max(problems, policy::name_of(finding.problem).size());
  }
  const auto row = [&](std::string place, std::string problem, const std::string& rest) {
    place.resize(places + 2, ' ');
    problem.resize(problems + 2, ' ');
    out << place << problem << rest << '\n';
  };
  row("WHERE", "PROBLEM", "WHAT AND FIX");
  for (const Finding& finding : findings) {
    row(where(finding), std::string(policy::name_of(finding.problem)), finding.what);
    row("", "", "fix: " + finding.fix);
  }
}

Status check_policy(const Arguments& arguments, Context& context) {
  Status status{};
  const auto intent = parse_intent(arguments, context, status);
  if (!intent) return status;
  const auto key = load_policy(arguments, context, status);
  if (!key) return status;
  const std::vector<Finding> findings = policy::audit(key->parsed, key->grants, *intent);
  if (arguments.has("json")) {
    print_json(context.out, findings, *intent, key->knows_grants);
  } else if (findings.empty()) {
    for (const std::string& pcr0 : intent->pcr0s) context.out << "can decrypt: PCR0 " << pcr0 << '\n';
  } else {
    print_findings(context.out, findings);
  }
  if (!key->knows_grants)
    context.warn(
        "grants were not looked at, and each of them can open the key: --grants FILE, or --kms-key-id");
  if (findings.empty()) return Status::kGood;
  return context.refuse("the key is not closed: " + std::to_string(findings.size()) +
                        (findings.size() == 1 ? " finding" : " findings"));
}

Status explain_policy(const Arguments& arguments, Context& context) {
  const std::string principal = arguments.text("principal");
  if (!policy::is_arn(principal)) return context.misused("--principal is no ARN");
  std::string action = arguments.text("action", "kms:Decrypt");
  if (action.find(':') == std::string::npos) action.insert(0, "kms:");
  const policy::Identity caller = identity_of(principal);
  const auto request_context = context_of(arguments, caller, context);
  if (!request_context) return Status::kUsage;
  Status status{};
  const auto key = load_policy(arguments, context, status);
  if (!key) return status;
  const std::string key_arn = arguments.text("kms-key-id");
  const policy::Request request{
      caller, action,
      policy::is_arn(key_arn) ? key_arn : "arn:aws:kms:us-east-1:" + caller.account + ":key/unknown",
      *request_context};
  const policy::Decision decision = policy::evaluate(key->parsed, request);
  if (decision.outcome == policy::Outcome::kDenied) {
    context.out << "denied by " << name_of(*key, *decision.statement) << '\n';
    return Status::kGood;
  }
  if (decision.outcome == policy::Outcome::kAllowed) {
    const policy::Statement& statement = key->parsed.statements[*decision.statement];
    context.out << "allowed by " << name_of(*key, *decision.statement) << account_is_asked(statement, caller)
                << '\n';
  } else if (const policy::Grant* grant = granting(*key, caller, action)) {
    context.out << "allowed by grant " << grant->id << '\n';
  } else {
    context.out << "not allowed by any statement" << (key->knows_grants ? " or grant" : "") << '\n';
  }
  return Status::kGood;
}

}  // namespace nes::nitro_enc

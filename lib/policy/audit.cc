#include "policy/audit.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/check.h"
#include "policy/evaluate.h"
#include "policy/match.h"

namespace nes::policy {
namespace {

constexpr std::size_t kPcrDigits = 96;  // SHA-384
constexpr std::size_t kMaxPcr0s = 2;    // the running image's and the next one's
constexpr std::string_view kAttestation = "kms:recipientattestation:";

// What gives plaintext to the caller, or passes that right on.
constexpr std::string_view kOpening[] = {"Decrypt",         "ReEncryptFrom",       "CreateGrant",
                                         "GenerateDataKey", "GenerateDataKeyPair", "DeriveSharedSecret"};
constexpr std::string_view kImporting[] = {"Encrypt", "ReEncryptTo"};
constexpr std::string_view kAdministering[] = {"PutKeyPolicy", "ReplicateKey", "ImportKeyMaterial"};
// The operations of a grant from which no plaintext and no key comes.
constexpr std::string_view kHarmless[] = {"GenerateDataKeyWithoutPlaintext",
                                          "GenerateDataKeyPairWithoutPlaintext",
                                          "RetireGrant",
                                          "DescribeKey",
                                          "Sign",
                                          "Verify",
                                          "GetPublicKey",
                                          "GenerateMac",
                                          "VerifyMac"};

bool is_one_of(std::span<const std::string_view> list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool has_wildcard(std::string_view text) noexcept {
  return text.find_first_of("*?") != std::string_view::npos;
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

bool is_hash(std::string_view text) noexcept {
  return text.size() == kPcrDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

// Both name the same measurement.
bool is_pcr0_key(std::string_view key) {
  const std::string name = to_lower(key);
  return name == "kms:recipientattestation:pcr0" || name == "kms:recipientattestation:imagesha384";
}

bool is_attestation_key(std::string_view key) { return to_lower(key).starts_with(kAttestation); }

// An account is the same by its number and by its root's ARN.
bool is_principal(std::string_view listed, std::string_view value) {
  if (listed == value) return true;
  const std::string_view account = account_of(value);
  return !account.empty() && account == account_of(listed);
}

// The account of the user, role or session that an ARN names, or that the principal itself is.
std::string account_in(std::string_view principal) {
  if (const std::string_view account = account_of(principal); !account.empty()) return std::string(account);
  for (int i = 0; i < 4; ++i) {
    const std::size_t colon = principal.find(':');
    if (colon == std::string_view::npos) return {};
    principal.remove_prefix(colon + 1);
  }
  return std::string(principal.substr(0, principal.find(':')));
}

bool all_listed(const Statement& statement, const std::vector<std::string>& allowed) {
  return !statement.principals.all_but &&
         std::ranges::all_of(statement.principals.items, [&](const Principal& principal) {
           return principal.type == PrincipalType::kAws &&
                  std::ranges::any_of(
                      allowed, [&](const std::string& one) { return is_principal(one, principal.value); });
         });
}

// Why the condition, which is about attestation, does not hold for the images of its values alone; empty if
// it does. ForAnyValue is refused too: AWS defines it for keys with many values, which this one is not.
std::string_view why_not_binding(const Condition& condition) {
  if (condition.test == Operator::kNull)
    return "asks only whether there is an attestation: any image of anybody has one";
  if (condition.if_exists) return "holds for a caller without any attestation (IfExists)";
  if (condition.quantifier == Quantifier::kForAllValues)
    return "holds for a caller without any attestation (ForAllValues)";
  if (condition.quantifier == Quantifier::kForAnyValue) return "is for keys with many values (ForAnyValue)";
  switch (condition.test) {
    case Operator::kStringEquals:
    case Operator::kStringEqualsIgnoreCase: break;
    case Operator::kStringLike:
      if (std::ranges::any_of(condition.values, has_wildcard)) return "has a wildcard, so other images match";
      break;
    case Operator::kStringNotEquals:
    case Operator::kStringNotEqualsIgnoreCase:
    case Operator::kStringNotLike:
    case Operator::kArnNotEquals:
    case Operator::kArnNotLike: return "is negated: it holds for every other image and without attestation";
    default: return "has an operator that does not compare measurements";
  }
  if (!is_pcr0_key(condition.key)) return "is not about PCR0, so other images may have the same value";
  return {};
}

constexpr std::string_view kConditionFix =
    "use StringEqualsIgnoreCase with kms:RecipientAttestation:PCR0 and the PCR0 of the build summary";

class Auditor {
 public:
  Auditor(const Policy& policy, const Intent& intent) : policy_(policy), intent_(intent) {}

  void statement(std::size_t index);
  void grant(const Grant& grant);
  void missing(const std::string& pcr0);
  std::vector<Finding> finish() && { return std::move(findings_); }

 private:
  void add(Problem problem, std::string what, std::string_view fix);
  // The actions of `list` that the statement allows, with commas between them.
  std::string covered(std::span<const std::string_view> list) const;
  void selections();
  void actions(bool is_bound);
  bool conditions();
  bool values(const Condition& condition);
  bool is_intended(std::string_view value) const;
  bool opens_for(const Statement& statement, const Context& context) const;
  bool is_denied(const Statement& opening, const Context& context) const;

  const Policy& policy_;
  const Intent& intent_;
  const Statement* at_ = nullptr;
  std::size_t index_ = 0;
  std::vector<Finding> findings_;
};

void Auditor::add(Problem problem, std::string what, std::string_view fix) {
  Finding finding{.problem = problem, .what = std::move(what), .fix = std::string(fix)};
  if (at_ != nullptr) {
    finding.statement = index_;
    finding.sid = at_->sid;
    finding.line = at_->line;
  }
  findings_.push_back(std::move(finding));
}

std::string Auditor::covered(std::span<const std::string_view> list) const {
  std::string out;
  for (const std::string_view action : list)
    if (covers_action(*at_, "kms:" + std::string(action))) append(out, "kms:" + std::string(action));
  return out;
}

void Auditor::selections() {
  if (at_->principals.all_but)
    add(Problem::kNotPrincipal, "NotPrincipal allows everyone but those it lists",
        "name who may, with Principal");
  else if (std::ranges::any_of(at_->principals.items, [](const Principal& p) { return p.value == "*"; }))
    add(Problem::kWildcardPrincipal, "the principal * is everyone, in every account",
        "name the role's ARN as Principal");
  if (at_->actions.all_but) {
    add(Problem::kNotAction, "NotAction allows everything but what it lists, also what AWS adds later",
        "list what is allowed, with Action");
    return;
  }
  for (const std::string& pattern : at_->actions.items) {
    if (!has_wildcard(pattern)) continue;
    const auto covers = [&](std::string_view action) {
      return matches_pattern(pattern, "kms:" + std::string(action), Case::kIgnored);
    };
    if (std::ranges::any_of(kOpening, covers) || std::ranges::any_of(kImporting, covers) ||
        std::ranges::any_of(kAdministering, covers))
      add(Problem::kWildcardAction, "the action " + pattern + " covers more than it may",
          "list the actions that are needed, one by one");
  }
}

void Auditor::actions(bool is_bound) {
  if (const std::string opening = covered(kOpening); !opening.empty() && !is_bound)
    add(Problem::kWithoutAttestation, "allows " + opening + " without a condition that binds it to an image",
        "remove these actions, or for kms:Decrypt by the enclave's role " + std::string(kConditionFix));
  if (const std::string importing = covered(kImporting);
      !importing.empty() && !all_listed(*at_, intent_.importers))
    add(Problem::kImport,
        "allows " + importing + ": who may encrypt can put a data key that he knows into use",
        "remove these actions, or name every principal of the statement with --importer if that is meant");
  if (const std::string administering = covered(kAdministering);
      !administering.empty() && !all_listed(*at_, intent_.admins))
    add(Problem::kAdministration, "allows " + administering + ", which opens the key to whomever they choose",
        "remove these actions, or name every principal of the statement with --admin if that is meant");
}

bool Auditor::is_intended(std::string_view value) const {
  if (intent_.previous_pcr0 && equals_ignoring_case(*intent_.previous_pcr0, value)) return true;
  return std::ranges::any_of(intent_.pcr0s,
                             [&](const std::string& pcr0) { return equals_ignoring_case(pcr0, value); });
}

// Whether all values of a condition that binds are intended.
bool Auditor::values(const Condition& condition) {
  bool good = true;
  for (const std::string& value : condition.values) {
    if (!is_hash(value))
      add(Problem::kNoPcr0, "a value of " + condition.key + " is not a PCR0 of 96 hexadecimal digits",
          "replace it with the PCR0 of the build summary");
    else if (is_zero(value))
      add(Problem::kZeroPcr0, "PCR0 is all zeros: every enclave in debug mode has that", "remove the value");
    else if (!is_intended(value))
      add(Problem::kStalePcr0, "PCR0 " + value + " is not an intended one",
          "remove the value, or pass the summary of its build if that version still runs");
    else
      continue;
    good = false;
  }
  return good;
}

// Whether one of the conditions binds to intended images alone; all must hold, so one is enough. Those that
// look as if they did are named in any case.
bool Auditor::conditions() {
  bool bound = false;
  bool has_binding_form = false;
  for (const Condition& condition : at_->conditions) {
    if (!is_pcr0_key(condition.key) || !why_not_binding(condition).empty()) continue;
    has_binding_form = true;
    bound = values(condition) || bound;
  }
  for (const Condition& condition : at_->conditions) {
    if (!is_attestation_key(condition.key)) continue;
    // Beside a condition that binds, one about another PCR, or that there be an attestation, only narrows.
    if (const std::string_view why = why_not_binding(condition); !why.empty() && !has_binding_form)
      add(Problem::kDoesNotBind,
          "the condition " + condition.operator_name + " on " + condition.key + " " + std::string(why),
          kConditionFix);
  }
  // What a wrong value opens has been named with the value.
  return bound || has_binding_form;
}

void Auditor::statement(std::size_t index) {
  index_ = index;
  at_ = &policy_.statements[index];
  if (at_->effect == Effect::kAllow) {
    selections();
    const bool is_bound = covered(kOpening).empty() || conditions();
    actions(is_bound);
  }
  at_ = nullptr;
}

void Auditor::grant(const Grant& grant) {
  std::string opening;
  std::string importing;
  for (const std::string& operation : grant.operations) {
    if (is_one_of(kImporting, operation)) {
      if (std::ranges::find(intent_.importers, grant.grantee) == intent_.importers.end())
        append(importing, operation);
    } else if (!is_one_of(kHarmless, operation)) {
      append(opening, operation);
    }
  }
  std::string what;
  if (grant.operations.empty())
    what = "a grant does not say which operations it allows";
  else if (!opening.empty())
    what = "a grant allows " + opening + ", whatever the policy says, and attestation cannot bind it";
  else if (!importing.empty())
    what = "a grant allows " + importing + " to somebody who is no --importer";
  if (what.empty()) return;
  what += " (grantee: " + grant.grantee + ")";
  add(Problem::kGrant, std::move(what),
      "revoke it: aws kms revoke-grant --key-id KEY --grant-id " + grant.id);
  findings_.back().grant_id = grant.id;
}

bool Auditor::opens_for(const Statement& statement, const Context& context) const {
  if (statement.effect != Effect::kAllow || statement.principals.all_but ||
      !covers_action(statement, "kms:Decrypt"))
    return false;
  // In a key policy * is its own key; an ARN may be another's.
  if (statement.resources.all_but ||
      std::ranges::find(statement.resources.items, "*") == statement.resources.items.end())
    return false;
  const bool binds = std::ranges::any_of(statement.conditions, [](const Condition& condition) {
    return is_pcr0_key(condition.key) && why_not_binding(condition).empty();
  });
  // What is not about PCR0 cannot be known here, and is the business of whoever wrote it.
  return binds && std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
           return !is_pcr0_key(condition.key) || holds(condition, context) == Truth::kYes;
         });
}

// Whether a Deny closes Decrypt for a principal of `opening` in any case that is known here.
bool Auditor::is_denied(const Statement& opening, const Context& context) const {
  return std::ranges::any_of(policy_.statements, [&](const Statement& statement) {
    if (statement.effect != Effect::kDeny || !covers_action(statement, "kms:Decrypt")) return false;
    const bool is_certain = std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
      return is_pcr0_key(condition.key) && holds(condition, context) != Truth::kNo;
    });
    return is_certain && std::ranges::all_of(opening.principals.items, [&](const Principal& principal) {
             return is_about(statement, {principal.value, principal.value, account_in(principal.value)});
           });
  });
}

void Auditor::missing(const std::string& pcr0) {
  Context context;
  context.add("kms:RecipientAttestation:PCR0", to_lower(pcr0));  // as KMS spells it
  context.add("kms:RecipientAttestation:ImageSha384", to_lower(pcr0));
  bool is_open = false;
  for (const Statement& statement : policy_.statements) {
    if (!opens_for(statement, context)) continue;
    if (!is_denied(statement, context)) return;
    is_open = true;
  }
  add(Problem::kCannotDecrypt,
      "PCR0 " + pcr0 +
          (is_open ? " is allowed to decrypt, and a Deny takes it back"
                   : " is not allowed to decrypt by any statement"),
      is_open ? "remove the Deny, or exempt the enclave's role from it"
              : "add the statement of `nitro-enc policy render`, or use `nitro-enc policy apply`");
}

}  // namespace

bool is_pcr0(std::string_view text) noexcept { return is_hash(text) && !is_zero(text); }

std::string_view name_of(Problem problem) noexcept {
  switch (problem) {
    case Problem::kWithoutAttestation: return "without-attestation";
    case Problem::kImport: return "import";
    case Problem::kAdministration: return "administration";
    case Problem::kWildcardAction: return "wildcard-action";
    case Problem::kWildcardPrincipal: return "wildcard-principal";
    case Problem::kNotAction: return "not-action";
    case Problem::kNotPrincipal: return "not-principal";
    case Problem::kDoesNotBind: return "does-not-bind";
    case Problem::kZeroPcr0: return "zero-pcr0";
    case Problem::kStalePcr0: return "stale-pcr0";
    case Problem::kNoPcr0: return "no-pcr0";
    case Problem::kGrant: return "grant";
    case Problem::kCannotDecrypt: return "cannot-decrypt";
  }
  NES_CHECK(false);
  return {};
}

std::vector<Finding> audit(const Policy& policy, const std::vector<Grant>& grants, const Intent& intent) {
  NES_CHECK(!intent.pcr0s.empty() && intent.pcr0s.size() <= kMaxPcr0s);
  NES_CHECK(std::ranges::all_of(intent.pcr0s, [](const std::string& pcr0) { return is_pcr0(pcr0); }));
  NES_CHECK(!intent.previous_pcr0 || is_pcr0(*intent.previous_pcr0));
  Auditor auditor(policy, intent);
  for (std::size_t i = 0; i < policy.statements.size(); ++i) auditor.statement(i);
  for (const Grant& grant : grants) auditor.grant(grant);
  for (const std::string& pcr0 : intent.pcr0s) auditor.missing(pcr0);
  return std::move(auditor).finish();
}

}  // namespace nes::policy

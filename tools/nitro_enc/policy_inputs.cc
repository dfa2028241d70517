#include "tools/nitro_enc/policy_inputs.h"

#include <algorithm>

#include "aws/json_fields.h"
#include "base/limits.h"
#include "policy/match.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kFileBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxPcr0s = 2;

constexpr std::string_view kPrevious = "previous-pcr0";
constexpr std::string_view kNoPcr0 = "is no PCR0: 96 hexadecimal digits that are not all 0, as in debug mode";

bool is_one_principal(std::string_view text) {
  return policy::is_arn(text) && text.find_first_of("*?") == std::string_view::npos &&
         (text.find(":iam::") != std::string_view::npos || text.find(":sts::") != std::string_view::npos);
}

bool add_pcr0(std::vector<std::string>& pcr0s, std::string_view text) {
  if (!policy::is_pcr0(text)) return false;
  std::string pcr0 = policy::to_lower(text);
  if (std::ranges::find(pcr0s, pcr0) == pcr0s.end()) pcr0s.push_back(std::move(pcr0));
  return true;
}

Result<policy::Grant> grant_of(const aws::JsonFields& fields) {
  policy::Grant grant;
  NES_TRY_ASSIGN(const std::string_view id, fields.string("GrantId"));
  NES_TRY_ASSIGN(const auto grantee, fields.optional_string("GranteePrincipal"));
  NES_TRY_ASSIGN(grant.operations, fields.optional_strings("Operations"));
  grant.id = id;
  grant.grantee = grantee.value_or("");
  return grant;
}

}  // namespace

std::vector<Flag> with_image_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "summary",
                   .value = "FILE",
                   .occurs = Occurs::kRepeated,
                   .help = "a build-summary.json; two during a rollout"});
  flags.push_back({.name = "pcr0",
                   .value = "HEX",
                   .occurs = Occurs::kRepeated,
                   .help = "an intended PCR0 without a file"});
  return flags;
}

Flag previous_flag() {
  return {.name = kPrevious, .value = "HEX", .help = "of the image that runs until the rollout ends"};
}

std::optional<std::string> previous_pcr0(const Arguments& arguments, const std::vector<std::string>& pcr0s,
                                         Context& context, Status& status) {
  status = Status::kGood;
  const auto text = arguments.value(kPrevious);
  if (!text) return std::nullopt;
  if (!policy::is_pcr0(*text)) {
    status = context.misused("--previous-pcr0 " + std::string(kNoPcr0));
    return std::nullopt;
  }
  std::string pcr0 = policy::to_lower(*text);
  if (std::ranges::find(pcr0s, pcr0) != pcr0s.end()) return std::nullopt;
  return pcr0;
}

std::vector<Flag> with_people_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "importer",
                   .value = "ARN",
                   .occurs = Occurs::kRepeated,
                   .help = "who may encrypt under the key; default: nobody"});
  flags.push_back({.name = "admin",
                   .value = "ARN",
                   .occurs = Occurs::kRepeated,
                   .help = "who may change its policy; default: nobody"});
  return flags;
}

std::vector<Flag> with_policy_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "kms-key-id", .value = "KEY", .help = "ARN or id of the KMS key, asked live"});
  flags.push_back(
      {.name = "policy", .value = "FILE", .help = "a policy instead, or get-key-policy's output"});
  flags.push_back({.name = "grants", .value = "FILE", .help = "with --policy: list-grants' output"});
  return with_aws_flags(std::move(flags));
}

Result<BuildSummary> read_summary(const std::string& path) {
  NES_TRY_ASSIGN(const std::string text, read_file(path, kFileBytes));
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(text));
  NES_TRY_ASSIGN(const auto pcr0, fields.optional_string("pcr0"));
  if (!pcr0) return Error{ErrorCode::kMalformed, "has no pcr0"};
  if (!policy::is_pcr0(*pcr0))
    return Error{ErrorCode::kMalformed, "its pcr0 is not 96 hexadecimal digits, or all 0 as in debug mode"};
  BuildSummary out{.pcr0 = policy::to_lower(*pcr0)};
  NES_TRY_ASSIGN(out.runner, fields.optional_string("ecrRunner"));
  NES_TRY_ASSIGN(out.proxy, fields.optional_string("ecrProxy"));
  return out;
}

std::optional<std::vector<std::string>> intended_pcr0s(const Arguments& arguments, std::size_t max,
                                                       Context& context, Status& status) {
  status = Status::kUsage;
  std::vector<std::string> pcr0s;
  for (const std::string_view text : arguments.values("pcr0")) {
    if (add_pcr0(pcr0s, text)) continue;
    context.misused("--pcr0 " + std::string(kNoPcr0));
    return std::nullopt;
  }
  for (const std::string_view path : arguments.values("summary")) {
    const auto summary = read_summary(std::string(path));
    if (!summary.ok()) {
      status = context.refuse(path, summary.error());
      return std::nullopt;
    }
    add_pcr0(pcr0s, summary->pcr0);
  }
  if (pcr0s.empty()) context.misused("no image: --summary FILE or --pcr0 HEX");
  if (pcr0s.size() > max)
    context.misused(max == 1 ? "more than one image"
                             : "more than two images: a rollout is from one to another");
  if (pcr0s.empty() || pcr0s.size() > max) return std::nullopt;
  return pcr0s;
}

std::optional<std::vector<std::string>> principals_of(const Arguments& arguments, std::string_view flag,
                                                      Context& context, Status& status) {
  std::vector<std::string> out;
  for (const std::string_view text : arguments.values(flag)) {
    if (!is_one_principal(text)) {
      status =
          context.misused("--" + std::string(flag) +
                          " is not the ARN of one principal of IAM (no wildcards): " + std::string(text));
      return std::nullopt;
    }
    out.emplace_back(text);
  }
  return out;
}

std::optional<std::string> role_of(const Arguments& arguments, Context& context, Status& status) {
  std::string role = arguments.text("role");
  if (is_one_principal(role) && role.find(":iam::") != std::string::npos &&
      role.find(":role/") != std::string::npos)
    return role;
  status =
      context.misused(role.empty() ? "--role is required" : "--role is not the ARN of an IAM role: " + role);
  return std::nullopt;
}

std::optional<policy::Intent> parse_intent(const Arguments& arguments, Context& context, Status& status) {
  auto pcr0s = intended_pcr0s(arguments, kMaxPcr0s, context, status);
  if (!pcr0s) return std::nullopt;
  auto previous = previous_pcr0(arguments, *pcr0s, context, status);
  if (status != Status::kGood) return std::nullopt;
  if (previous && pcr0s->size() == kMaxPcr0s) {
    status = context.misused("more than two images: a rollout is from one to another");
    return std::nullopt;
  }
  auto importers = principals_of(arguments, "importer", context, status);
  if (!importers) return std::nullopt;
  auto admins = principals_of(arguments, "admin", context, status);
  if (!admins) return std::nullopt;
  return policy::Intent{std::move(*pcr0s), std::move(*importers), std::move(*admins), std::move(previous)};
}

Result<KeyPolicy> read_policy_file(const std::string& path) {
  KeyPolicy out;
  NES_TRY_ASSIGN(out.text, read_file(path, kFileBytes));
  if (const auto fields = aws::JsonFields::parse(out.text); fields.ok()) {
    NES_TRY_ASSIGN(const auto inner, fields->optional_string("Policy"));
    if (inner) out.text = std::string(*inner);
  }
  NES_TRY_ASSIGN(out.parsed, policy::parse(out.text));
  return out;
}

Result<std::vector<policy::Grant>> read_grants_file(const std::string& path) {
  NES_TRY_ASSIGN(const std::string text, read_file(path, kFileBytes));
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(text));
  NES_TRY_ASSIGN(const auto marker, fields.optional_string("NextMarker"));
  NES_TRY_ASSIGN(const auto token, fields.optional_string("NextToken"));
  if (marker || token || fields.scalar("Truncated") == "true")
    return Error{ErrorCode::kMalformed, "is only the first page of the grants"};
  NES_TRY_ASSIGN(const auto items, fields.optional_objects("Grants"));
  // An empty list and none are told apart by the text: a file of something else is no list of grants.
  if (items.empty() && text.find("\"Grants\"") == std::string::npos)
    return Error{ErrorCode::kMalformed, "has no Grants"};
  std::vector<policy::Grant> grants;
  for (const aws::JsonFields* item : items) {
    NES_TRY_ASSIGN(policy::Grant grant, grant_of(*item));
    grants.push_back(std::move(grant));
  }
  return grants;
}

std::optional<policy::Policy> parse_policy(std::string_view text, std::string_view subject,
                                           Context& context) {
  auto parsed = policy::parse(text);
  if (parsed.ok()) return std::move(*parsed);
  context.refuse(std::string(subject) + ":" + std::to_string(parsed.error().position) + ": " +
                 describe(parsed.error()));
  return std::nullopt;
}

std::unique_ptr<LiveKey> open_key(const Arguments& arguments, Context& context, Status& status) {
  status = Status::kUsage;
  const std::string key_id = arguments.text("kms-key-id");
  if (key_id.starts_with("alias/") || key_id.find(":alias/") != std::string::npos) {
    context.misused("--kms-key-id is an alias, which can be pointed at another key");
    return nullptr;
  }
  auto session = AwsSession::create(arguments, key_id, context, status);
  if (session == nullptr) return nullptr;
  aws::KeyAccess access(session->client(), key_id);
  return std::make_unique<LiveKey>(LiveKey{std::move(session), std::move(access)});
}

std::optional<KeyPolicy> fetch_policy(LiveKey& key, Context& context) {
  KeyPolicy out{.text = {}, .parsed = {}, .grants = {}, .knows_grants = true};
  auto text = key.access.policy();
  if (!text.ok()) {
    context.refuse("GetKeyPolicy", text.error());
    return std::nullopt;
  }
  out.text = std::move(*text);
  auto parsed = parse_policy(out.text, "the key's policy", context);
  if (!parsed) return std::nullopt;
  out.parsed = std::move(*parsed);
  const auto grants = key.access.grants();
  if (!grants.ok()) {
    context.refuse("ListGrants", grants.error());
    return std::nullopt;
  }
  for (const aws::KeyGrant& grant : *grants)
    out.grants.push_back({grant.id, grant.grantee, grant.operations});
  return out;
}

std::optional<KeyPolicy> load_policy(const Arguments& arguments, Context& context, Status& status) {
  const bool is_offline = arguments.has("policy");
  status = Status::kUsage;
  if (is_offline == arguments.has("kms-key-id")) {
    context.misused("one of --kms-key-id and --policy is required");
    return std::nullopt;
  }
  if (!is_offline) {
    if (arguments.has("grants")) {
      context.misused("--grants goes with --policy");
      return std::nullopt;
    }
    const auto key = open_key(arguments, context, status);
    if (key == nullptr) return std::nullopt;
    status = Status::kRefused;
    return fetch_policy(*key, context);
  }
  status = Status::kRefused;
  const std::string path = arguments.text("policy");
  auto out = read_policy_file(path);
  if (!out.ok()) {
    context.refuse(path + (out.error().position > 0 ? ":" + std::to_string(out.error().position) : "") +
                   ": " + describe(out.error()));
    return std::nullopt;
  }
  if (const auto grants_path = arguments.value("grants")) {
    auto grants = read_grants_file(std::string(*grants_path));
    if (!grants.ok()) {
      context.refuse(*grants_path, grants.error());
      return std::nullopt;
    }
    out->grants = std::move(*grants);
    out->knows_grants = true;
  }
  return std::move(*out);
}

}  // namespace nes::nitro_enc

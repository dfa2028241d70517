#include "tools/nitro_enc/dek_change.h"

#include <string>

#include "tools/nitro_enc/enclave_keys.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kRefreshIntervalSecs = 3600;
constexpr std::uint64_t kMostSecs = 10LL * 365 * 24 * 3600;

// The versions and what `make` plans for them; nothing after a line on `err`.
template <typename MakePlan>
std::optional<std::pair<Versions, Plan>> planned(DekSecret& secret, Context& context, MakePlan make) {
  auto versions = secret.versions();
  if (!versions.ok()) {
    context.refuse("ListSecretVersionIds", versions.error());
    return std::nullopt;
  }
  Planned outcome = make(*versions);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    context.refuse(refusal->why);
    return std::nullopt;
  }
  return std::pair(std::move(*versions), std::get<Plan>(std::move(outcome)));
}

// Every enclave that is asked must be able to open what the others will seal.
bool all_have_loaded(const std::vector<EnclaveAnswer>& answers, const std::string& version_id,
                     Context& context) {
  bool loaded = true;
  for (const auto& [url, keys] : answers) {
    if (!keys.ok())
      context.refuse(url, keys.error());
    else if (keys->find(version_id) == nullptr)
      context.refuse(url + ": it has not loaded version " + version_id);
    else
      continue;
    loaded = false;
  }
  return loaded;
}

// Makes the first key of a secret without versions.
Status fill(DekSecret& secret, Context& context) {
  const auto key = secret.new_key();
  if (!key.ok()) return context.refuse("GenerateDataKeyWithoutPlaintext", key.error());
  const auto version_id = secret.put(*key, kCurrent);
  if (!version_id.ok()) return context.refuse("PutSecretValue", version_id.error());
  print_change(context.out, secret, *version_id, {.labels = 1});
  return Status::kGood;
}

}  // namespace

void print_change(std::ostream& out, const DekSecret& secret, const std::string& version_id,
                  const Plan& plan) {
  JsonWriter json;
  json.begin_object().key("secret_arn").string(secret.arn()).key("version_id").string(version_id);
  json.key("labels").number(plan.labels).key("moves").begin_array();
  const auto id = [&json](std::string_view name, const std::string& value) {
    json.key(name);
    value.empty() ? json.null() : json.string(value);
  };
  for (const Move& move : plan.moves) {
    json.begin_object().key("label").string(move.label);
    id("from", move.from);
    id("to", move.to);
    json.end();
  }
  json.end().end();
  out << std::move(json).finish();
}

std::optional<std::uint64_t> seconds_flag(const Arguments& arguments, std::string_view flag,
                                          std::uint64_t otherwise, Context& context) {
  const auto text = arguments.value(flag);
  if (!text) return otherwise;
  const auto seconds = parse_count(*text, kMostSecs);
  if (!seconds) context.misused("--" + std::string(flag) + " is no number of seconds");
  return seconds;
}

Status create_dek(const Arguments& arguments, Context& context) {
  if (arguments.has("name") == arguments.has("secret-arn"))
    return context.misused("either --name, for a new secret, or --secret-arn");
  Status status{};
  const auto secret = DekSecret::open(arguments, context, status);
  if (secret == nullptr) return status;
  if (const auto name = arguments.value("name")) {
    const auto created = secret->create(std::string(*name));
    if (!created.ok()) return context.refuse("CreateSecret", created.error());
    status = fill(*secret, context);
    if (status != Status::kGood)
      context.refuse("the secret is made and empty: go on with --secret-arn " + secret->arn());
    return status;
  }
  const auto versions = secret->versions();
  if (!versions.ok()) return context.refuse("ListSecretVersionIds", versions.error());
  if (!versions->empty()) return context.refuse("the secret has versions already: dek rotate makes more");
  return fill(*secret, context);
}

Status rotate_dek(const Arguments& arguments, Context& context) {
  Status status{};
  const auto secret = DekSecret::open(arguments, context, status);
  if (secret == nullptr) return status;
  const auto work = planned(*secret, context, [&](const Versions& versions) {
    return plan_rotate(versions, secret->now_unix_ms());
  });
  if (!work) return Status::kRefused;
  const Plan& plan = work->second;
  // The key first: if KMS refuses, nothing has changed.
  const auto key = secret->new_key();
  if (!key.ok()) return context.refuse("GenerateDataKeyWithoutPlaintext", key.error());
  if (!secret->carry_out(plan, context)) return Status::kRefused;
  const auto version_id = secret->put(*key, kPending);
  if (!version_id.ok()) return context.refuse("PutSecretValue", version_id.error());
  if (plan.labels >= kManyLabels)
    context.warn("the secret has " + std::to_string(plan.labels) + " of at most " +
                 std::to_string(kMostLabels) + " labels: retire old versions");
  print_change(context.out, *secret, *version_id, plan);
  return Status::kGood;
}

Status promote_dek(const Arguments& arguments, Context& context) {
  const auto interval = seconds_flag(arguments, "refresh-interval-secs", kRefreshIntervalSecs, context);
  if (!interval) return Status::kUsage;
  Status status{};
  const auto secret = DekSecret::open(arguments, context, status);
  if (secret == nullptr) return status;
  const auto work = planned(*secret, context, [&](const Versions& versions) {
    return plan_promote(versions, secret->now_unix_ms(), static_cast<std::int64_t>(*interval) * 1000);
  });
  if (!work) return Status::kRefused;
  const std::string version_id = find_labelled(work->first, kPending)->id;
  const auto answers = ask_enclaves(arguments, context, status);
  if (!answers) return status;
  if (!all_have_loaded(*answers, version_id, context)) return Status::kRefused;
  if (!secret->carry_out(work->second, context)) return Status::kRefused;
  print_change(context.out, *secret, version_id, work->second);
  return Status::kGood;
}

}  // namespace nes::nitro_enc

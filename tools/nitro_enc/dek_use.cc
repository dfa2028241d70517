#include "tools/nitro_enc/dek_use.h"

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "tools/nitro_enc/dek_change.h"
#include "tools/nitro_enc/dek_secret.h"
#include "tools/nitro_enc/enclave_keys.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kQuietSecs = 86'400;

// What all enclaves together say of a version.
struct Use {
  std::string kid;  // empty: none has loaded it
  std::size_t loaded = 0;
  std::uint64_t opens = 0;
  std::optional<std::int64_t> last_open_unix_ms{};
};

Use use_of(const std::vector<EnclaveAnswer>& answers, std::string_view version_id) {
  Use use;
  for (const auto& [url, keys] : answers) {
    const EnclaveKey* key = keys.ok() ? keys->find(version_id) : nullptr;
    if (key == nullptr) continue;
    use.kid = key->kid;
    ++use.loaded;
    use.opens += key->opens;
    use.last_open_unix_ms = std::max(use.last_open_unix_ms, key->last_open_unix_ms);
  }
  return use;
}

std::string time_text(const std::optional<std::int64_t>& unix_ms) {
  return unix_ms ? base::format_rfc3339(*unix_ms) : "-";
}

std::string joined(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += (text.empty() ? "" : ",") + label;
  return text.empty() ? "-" : text;
}

using Row = std::vector<std::string>;

void print_table(std::ostream& out, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << '\n';
  }
}

void print_rows(std::ostream& out, const Versions& versions, const std::vector<EnclaveAnswer>& answers) {
  std::vector<Row> rows{{"VERSION", "STATE", "CREATED", "LABELS"}};
  if (!answers.empty())
    for (const char* title : {"KID", "LOADED", "OPENS", "LAST-OPEN"}) rows.front().emplace_back(title);
  for (const Version& version : versions) {
    Row row{version.id, std::string(state_of(version)), time_text(version.created_unix_ms),
            joined(version.labels)};
    if (!answers.empty()) {
      const Use use = use_of(answers, version.id);
      row.push_back(use.kid.empty() ? "-" : use.kid);
      row.push_back(std::to_string(use.loaded) + "/" + std::to_string(answers.size()));
      row.push_back(std::to_string(use.opens));
      row.push_back(time_text(use.last_open_unix_ms));
    }
    rows.push_back(std::move(row));
  }
  print_table(out, rows);
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& unix_ms) {
  json.key(name);
  unix_ms ? json.string(base::format_rfc3339(*unix_ms)) : json.null();
}

void print_json(std::ostream& out, const DekSecret& secret, const Versions& versions,
                const std::vector<EnclaveAnswer>& answers) {
  JsonWriter json;
  json.begin_object().key("secret_arn").string(secret.arn()).key("labels").number(count_labels(versions));
  json.key("versions").begin_array();
  for (const Version& version : versions) {
    json.begin_object().key("version_id").string(version.id).key("state").string(state_of(version));
    write_time(json, "created", version.created_unix_ms);
    json.key("labels").begin_array();
    for (const std::string& label : version.labels) json.string(label);
    json.end();
    if (!answers.empty()) {
      const Use use = use_of(answers, version.id);
      json.key("kid");
      use.kid.empty() ? json.null() : json.string(use.kid);
      json.key("loaded").number(use.loaded).key("opens").number(use.opens);
      write_time(json, "last_open", use.last_open_unix_ms);
    }
    json.end();
  }
  json.end().key("enclaves").begin_array();
  for (const auto& [url, keys] : answers) {
    json.begin_object().key("url").string(url).key("uptime_secs");
    keys.ok() ? json.number(keys->uptime_secs) : json.null();
    json.end();
  }
  json.end().end();
  out << std::move(json).finish();
}

}  // namespace

Status retire_dek(const Arguments& arguments, Context& context) {
  if (!arguments.has("url")) return context.misused("--url is required, once for every enclave");
  const auto quiet_secs = seconds_flag(arguments, "quiet-secs", kQuietSecs, context);
  if (!quiet_secs) return Status::kUsage;
  Status status{};
  const auto secret = DekSecret::open(arguments, context, status);
  if (secret == nullptr) return status;
  const auto versions = secret->versions();
  if (!versions.ok()) return context.refuse("ListSecretVersionIds", versions.error());
  const std::string which = arguments.text("version-id");
  const Planned planned = plan_retire(*versions, which);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) return context.refuse(refusal->why);
  const Version* current = find_labelled(*versions, kCurrent);
  if (current == nullptr) return context.refuse("no version is in use (AWSCURRENT)");
  const std::string version_id = find_version(*versions, which)->id;

  const auto answers = ask_enclaves(arguments, context, status);
  if (!answers) return status;
  bool in_use = false;
  for (const auto& [url, keys] : *answers) {
    if (!keys.ok()) {
      context.refuse(url, keys.error());
      in_use = true;
      continue;
    }
    const std::string why = why_in_use(*keys, version_id, current->id, context.clock.unix_ms(), *quiet_secs);
    if (!why.empty()) context.refuse(url + ": " + why);
    in_use = in_use || !why.empty();
  }
  if (in_use) return Status::kRefused;
  const Plan& plan = std::get<Plan>(planned);
  if (!secret->carry_out(plan, context)) return Status::kRefused;
  print_change(context.out, *secret, version_id, plan);
  return Status::kGood;
}

Status print_dek_status(const Arguments& arguments, Context& context) {
  Status status{};
  const auto secret = DekSecret::open(arguments, context, status);
  if (secret == nullptr) return status;
  auto versions = secret->versions();
  if (!versions.ok()) return context.refuse("ListSecretVersionIds", versions.error());
  // The newest first; of unknown age last.
  std::ranges::stable_sort(*versions, std::ranges::greater(), &Version::created_unix_ms);
  const auto answers = ask_enclaves(arguments, context, status);
  if (!answers) return status;
  if (arguments.has("json"))
    print_json(context.out, *secret, *versions, *answers);
  else
    print_rows(context.out, *versions, *answers);
  status = Status::kGood;
  for (const auto& [url, keys] : *answers)
    if (!keys.ok()) status = context.refuse(url, keys.error());
  return status;
}

}  // namespace nes::nitro_enc

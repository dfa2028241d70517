#include <sys/stat.h>

#include "base/limits.h"
#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/json_writer.h"
#include "tools/nitro_enc/policy_check.h"
#include "tools/nitro_enc/policy_inputs.h"
#include "tools/nitro_enc/rollout_check.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kFileBytes = std::size_t{4} << 20;

// The file of a flag, or an empty text if it is not given. Nothing after a line on `err`; an empty file is a
// mistake too, because it would count as not given.
std::optional<std::string> file_of(const Arguments& arguments, std::string_view flag, Context& context) {
  const auto path = arguments.value(flag);
  if (!path) return std::string();
  auto text = read_file(std::string(*path), kFileBytes);
  if (text.ok() && !text->empty()) return std::move(*text);
  text.ok() ? context.refuse(std::string(*path) + ": is empty") : context.refuse(*path, text.error());
  return std::nullopt;
}

bool refuse_at(std::string_view path, const Error& error, Context& context) {
  const std::string line = error.position > 0 ? ":" + std::to_string(error.position) : "";
  context.refuse(std::string(path) + line + ": " + std::string(error.reason.view()));
  return false;
}

bool read_image(const Arguments& arguments, Rollout& out, Context& context) {
  const auto described = file_of(arguments, "eif-json", context);
  const auto environment = file_of(arguments, "eif-env", context);
  const auto authorities = file_of(arguments, "eif-ca", context);
  if (!described || !environment || !authorities) return false;
  auto facts = read_image_facts(*described, *environment);
  if (!facts.ok()) {
    context.refuse("--eif-json or --eif-env", facts.error());
    return false;
  }
  out.image = std::move(*facts);
  if (!authorities->empty()) {
    const auto foreign = has_foreign_authority(*authorities);
    if (!foreign.ok()) return refuse_at(arguments.text("eif-ca"), foreign.error(), context);
    out.has_foreign_ca = *foreign;
  }
  if (const auto path = arguments.value("eif")) {
    struct stat status {};
    if (stat(std::string(*path).c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
      context.refuse(std::string(*path) + ": is no file, or empty");
      return false;
    }
    out.image.bytes = static_cast<std::uint64_t>(status.st_size);
  }
  return true;
}

// Whether everything could be read; else after a line on `err`.
bool read_rollout(const Arguments& arguments, Rollout& out, Context& context) {
  for (const std::string_view path : arguments.values("manifest")) {
    const auto text = read_file(std::string(path), kFileBytes);
    if (!text.ok()) return refuse_at(path, text.error(), context);
    const auto read = read_manifests(*text, std::string(path), out.containers);
    if (!read.ok()) return refuse_at(path, read.error(), context);
  }
  const auto allocator = file_of(arguments, "allocator", context);
  if (!allocator) return false;
  if (!allocator->empty()) {
    auto parsed = read_allocator(*allocator, arguments.text("allocator"));
    if (!parsed.ok()) return refuse_at(arguments.text("allocator"), parsed.error(), context);
    out.allocator = std::move(*parsed);
  }
  return read_image(arguments, out, context);
}

void print(const std::vector<Mistake>& mistakes, bool as_json, std::ostream& out) {
  if (!as_json) {
    for (const Mistake& mistake : mistakes)
      out << mistake.where << ": " << mistake.what << "; fix: " << mistake.fix << '\n';
    return;
  }
  JsonWriter json;
  json.begin_object().key("good").boolean(mistakes.empty()).key("mistakes").begin_array();
  for (const Mistake& mistake : mistakes)
    json.begin_object()
        .key("where")
        .string(mistake.where)
        .key("what")
        .string(mistake.what)
        .key("fix")
        .string(mistake.fix)
        .end();
  json.end().end();
  out << std::move(json).finish();
}

constexpr std::string_view kDetails =
    "Compares what is given: CIDs, ports, memory, hugepages and images of the manifests, the node's\n"
    "allocator, what is baked into the image, its PCR0 and CA bundle, and with --policy or --kms-key-id all\n"
    "of policy check. One line a mistake, WHERE: what; fix: how.";

}  // namespace

Status check_rollout(const Arguments& arguments, Context& context) {
  Rollout rollout;
  const auto parent = parse_count(arguments.text("parent-cid", "3"), 0xFFFFFFFE);
  if (!parent || *parent < 2)
    return context.misused("--parent-cid is not a CID of a parent: 3, or 2 under QEMU");
  if (!arguments.has("manifest")) return context.misused("--manifest is required");
  rollout.parent_cid = *parent;
  Status status{};
  std::optional<policy::Intent> intent;
  if (arguments.has("summary") || arguments.has("pcr0")) {
    intent = parse_intent(arguments, context, status);
    if (!intent) return status;
  }
  const bool has_policy = arguments.has("policy") || arguments.has("kms-key-id");
  if (has_policy && !intent)
    return context.misused("a policy is compared with an image: --summary FILE or --pcr0 HEX");
  // The first is what is to be deployed.
  if (arguments.has("summary")) {
    const std::string path(arguments.values("summary").front());
    auto summary = read_summary(path);
    if (!summary.ok()) return context.refuse(path, summary.error());
    rollout.summary = std::move(*summary);
  }
  if (!read_rollout(arguments, rollout, context)) return Status::kRefused;
  std::vector<Mistake> mistakes = find_mistakes(rollout);
  if (has_policy) {
    const auto key = load_policy(arguments, context, status);
    if (!key) return status;
    if (!key->knows_grants)
      context.warn("grants were not looked at, and each of them can open the key: --grants FILE");
    for (const policy::Finding& finding : policy::audit(key->parsed, key->grants, *intent))
      mistakes.push_back({"the key's policy, " + where(finding), finding.what, finding.fix});
  }
  print(mistakes, arguments.has("json"), context.out);
  if (mistakes.empty()) return Status::kGood;
  return context.refuse("not to be rolled out: " + std::to_string(mistakes.size()) +
                        (mistakes.size() == 1 ? " mistake" : " mistakes"));
}

std::vector<Command> rollout_commands() {
  const Flag manifest{.name = "manifest",
                      .value = "FILE",
                      .occurs = Occurs::kRepeated,
                      .help = "of Kubernetes, or the output of kustomize"};
  const Flag allocator{.name = "allocator", .value = "FILE", .help = "the nodes' allocator.yaml"};
  const Flag eif{.name = "eif", .value = "FILE", .help = "the EIF, for its size"};
  const Flag eif_json{.name = "eif-json", .value = "FILE", .help = "describe-eif's JSON, or pcr-values.json"};
  const Flag eif_env{.name = "eif-env", .value = "FILE", .help = "the image's variables, KEY=VALUE a line"};
  const Flag eif_ca{.name = "eif-ca", .value = "FILE", .help = "the image's CA bundle"};
  const Flag parent{
      .name = "parent-cid", .value = "N", .help = "the parent as the enclave sees it; default: 3"};
  const Flag json{.name = "json", .help = "JSON on stdout"};
  return {{"",
           "rollout-check",
           "says what does not fit together before it is deployed",
           kDetails,
           {with_policy_flags(with_people_flags(with_image_flags(
               {previous_flag(), manifest, allocator, eif, eif_json, eif_env, eif_ca, parent, json})))},
           check_rollout}};
}

}  // namespace nes::nitro_enc

#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/json_writer.h"
#include "tools/nitro_enc/policy_check.h"
#include "tools/nitro_enc/policy_inputs.h"
#include "tools/nitro_enc/rollout_check.h"
#include "tools/nitro_enc/rollout_image.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kFileBytes = std::size_t{4} << 20;

bool refuse_at(std::string_view path, const Error& error, Context& context) {
  const std::string line = error.position > 0 ? ":" + std::to_string(error.position) : "";
  context.refuse(std::string(path) + line + ": " + std::string(error.reason.view()));
  return false;
}

// Whether manifests and allocator could be read; else after a line on `err`.
bool read_files(const Arguments& arguments, Rollout& out, Context& context) {
  for (const std::string_view path : arguments.values("manifest")) {
    const auto text = read_file(std::string(path), kFileBytes);
    if (!text.ok()) return refuse_at(path, text.error(), context);
    const auto read = read_manifests(*text, std::string(path), out.containers);
    if (!read.ok()) return refuse_at(path, read.error(), context);
  }
  const auto path = arguments.value("allocator");
  if (!path) return true;
  const auto text = read_file(std::string(*path), kFileBytes);
  if (!text.ok()) return refuse_at(*path, text.error(), context);
  auto allocator = read_allocator(*text, std::string(*path));
  if (!allocator.ok()) return refuse_at(*path, allocator.error(), context);
  out.allocator = std::move(*allocator);
  return true;
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
    "of policy check. One line a mistake, WHERE: what; fix: how. What is not compared is a warning.";

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
  auto image = read_image(arguments, context, status);
  if (!image) return status;
  rollout.image = std::move(*image);
  if (!read_files(arguments, rollout, context)) return Status::kRefused;
  if (const std::string text = not_compared(rollout); !text.empty()) context.warn("not compared: " + text);
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
  const Flag parent{
      .name = "parent-cid", .value = "N", .help = "the parent as the enclave sees it; default: 3"};
  const Flag json{.name = "json", .help = "JSON on stdout"};
  return {{"",
           "rollout-check",
           "says what does not fit together before it is deployed",
           kDetails,
           {with_policy_flags(with_people_flags(
               with_image_flags(with_eif_flags({previous_flag(), manifest, allocator, parent, json}))))},
           check_rollout}};
}

}  // namespace nes::nitro_enc

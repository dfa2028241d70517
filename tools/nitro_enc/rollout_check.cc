#include "tools/nitro_enc/rollout_check.h"

#include <algorithm>
#include <string_view>

#include "policy/audit.h"
#include "tools/nitro_enc/arguments.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/rollout_rules.h"

namespace nes::nitro_enc {
namespace {

bool has_cid(const Container& container) {
  return container.is_runner() || container.environment.contains("ENCLAVE_CID");
}

// The CID that all others are held against: the runner's, or the first that is a number.
void find_cid(Findings& findings) {
  for (const bool is_of_runner : {true, false}) {
    for (const Container& container : findings.rollout.containers) {
      if (findings.cid || (is_of_runner && !container.is_runner())) continue;
      findings.cid = parse_count(container.variable("ENCLAVE_CID").value_or(""), kLastCid);
      if (findings.cid) findings.cid_where = container.where_of("ENCLAVE_CID");
    }
  }
}

void check_cid(const Container& container, Findings& findings) {
  const auto value = findings.number(container, "ENCLAVE_CID");
  if (!value) return;
  const std::string& at = container.where_of("ENCLAVE_CID");
  const std::string text = "ENCLAVE_CID " + std::to_string(*value);
  if (*value <= 2 || *value == kLastCid)
    findings.add(at, text + " is reserved", "use 16, or another number from 4");
  else if (*value == 3 || *value == findings.rollout.parent_cid)
    findings.add(at, text + " is the parent's", "use 16, or another number from 4");
  if (*findings.cid != *value)
    findings.add(at, text + " is not the " + std::to_string(*findings.cid) + " of " + findings.cid_where,
                 "use one number in the runner and in every sidecar");
}

// The image that the build pushed, by its tag; a digest behind it is narrower still.
void check_image_of(const Container& container, Findings& findings) {
  const auto& summary = findings.rollout.summary;
  if (!summary) return;
  const bool is_proxy = container.is_egress() || container.is_sidecar();
  const auto& pushed = container.is_runner() ? summary->runner : is_proxy ? summary->proxy : std::nullopt;
  if (!pushed || container.image == *pushed || container.image.starts_with(*pushed + "@sha256:")) return;
  findings.add(container.where,
               "the image of " + container.name + " is " +
                   (container.image.empty() ? std::string("not set") : container.image) +
                   ", and the build summary has " + *pushed,
               "set it to " + *pushed);
}

void check_cpus(const Container& runner, Findings& findings) {
  const auto cpus = findings.number(runner, "ENCLAVE_CPU_COUNT");
  if (!cpus) return;
  if (*cpus == 0)
    findings.add(runner.where_of("ENCLAVE_CPU_COUNT"), "ENCLAVE_CPU_COUNT is 0", "use 2, a whole core");
  const auto& allocator = findings.rollout.allocator;
  if (allocator && *allocator->cpus < *cpus)
    findings.add(allocator->where,
                 "sets " + std::to_string(*allocator->cpus) + " CPUs aside, and ENCLAVE_CPU_COUNT is " +
                     std::to_string(*cpus),
                 "raise cpu_count on the node");
}

// What scripts/run-enclave.sh makes of its other variables, and their defaults.
void check_settings(const Container& runner, Findings& findings) {
  const auto debug = runner.variable("ENCLAVE_DEBUG", "false");
  if (debug == "true")
    findings.add(runner.where_of("ENCLAVE_DEBUG"),
                 "ENCLAVE_DEBUG is true: PCRs are zero, so that attestation cannot work and KMS refuses",
                 "set it to false");
  else if (debug != "false")
    findings.add(runner.where_of("ENCLAVE_DEBUG"), "ENCLAVE_DEBUG is neither true nor false",
                 "set it to false in the manifest itself");
  const std::string expected = std::to_string(findings.rollout.parent_cid);
  const auto parent = runner.variable("PARENT_CID", "3");
  if (parent != expected)
    findings.add(runner.where_of("PARENT_CID"),
                 "PARENT_CID is " + parent.value_or("from somewhere else") +
                     (runner.is_set("PARENT_CID") ? "" : " where it is not set") + ", and the parent is " +
                     expected + " as the enclave sees it",
                 "set it to " + expected + ", or say another parent with --parent-cid");
}

void check_image(Findings& findings) {
  const Rollout& rollout = findings.rollout;
  const auto add = [&findings](std::string what, std::string fix) {
    findings.add("the image", std::move(what), std::move(fix));
  };
  for (const Mistake& mistake : rollout.image.mistakes) findings.mistakes.push_back(mistake);
  if (rollout.image.environment) {
    const std::string cid = findings.baked("VSOCK_PROXY_CID", "");
    const std::string parent = std::to_string(rollout.parent_cid);
    if (cid != parent)
      add("VSOCK_PROXY_CID is " + (cid.empty() ? std::string("not set") : cid) + ", and the parent is " +
              parent + " as the enclave sees it",
          "build it with VSOCK_PROXY_CID=" + parent + " (it is not ENCLAVE_CID)");
  }
  const auto& pcr0 = rollout.image.pcr0;
  if (pcr0 && !policy::is_pcr0(*pcr0))
    add("its PCR0 is none, or all zeros as in debug mode", "describe the EIF that was built");
  if (pcr0 && rollout.summary && *pcr0 != rollout.summary->pcr0)
    add("its PCR0 " + *pcr0 + " is not the " + rollout.summary->pcr0 + " of the build summary",
        "deploy the image and the summary of one build");
  if (rollout.image.has_foreign_ca == true)
    add("it trusts a CA that is not of Amazon Trust Services, as images for demonstrations do",
        "build it with the production CA bundle");
}

}  // namespace

std::string Findings::baked(std::string_view name, std::string_view otherwise) const {
  const auto at = rollout.image.environment->find(name);
  const bool is_unset = at == rollout.image.environment->end() || at->second.empty();
  return is_unset ? std::string(otherwise) : printable(at->second);
}

std::optional<std::uint64_t> Findings::number(const Container& container, std::string_view name) {
  const auto text = container.variable(name);
  const auto value = text ? parse_count(*text, kLastCid) : std::nullopt;
  if (!value)
    add(container.where_of(name), std::string(name) + " of " + container.name + " is not a number",
        "set it to a number in the manifest itself");
  return value;
}

std::vector<Mistake> find_mistakes(const Rollout& rollout) {
  Findings findings{.rollout = rollout, .cid = {}, .cid_where = {}};
  find_cid(findings);
  for (const Container& container : rollout.containers) {
    if (has_cid(container)) check_cid(container, findings);
    check_endpoints(container, findings);
    check_image_of(container, findings);
    if (!container.is_runner()) continue;
    check_settings(container, findings);
    check_memory(container, findings);
    check_cpus(container, findings);
  }
  if (std::ranges::none_of(rollout.containers, &Container::is_runner))
    findings.add("the manifests", "have no container enclave-runner",
                 "pass the DaemonSet's manifest with --manifest");
  check_image(findings);
  return std::move(findings.mistakes);
}

std::string not_compared(const Rollout& rollout) {
  std::string text;
  const auto add = [&text](bool is_known, std::string_view what) {
    if (!is_known) (text += text.empty() ? "" : ", ") += what;
  };
  const ImageFacts& image = rollout.image;
  const bool was_read = image.bytes.has_value();  // what it lacks is a mistake already
  add(image.environment || was_read, "CID and ports in the image");
  add(image.pcr0.has_value(), "its PCR0");
  add(image.has_foreign_ca || was_read, "its CA bundle");
  add(was_read, "its size");
  if (!text.empty()) text += " (--eif)";
  add(rollout.summary.has_value(), "PCR0 and images of the build (--summary)");
  add(rollout.allocator.has_value(), "what the node sets aside (--allocator)");
  return text;
}

}  // namespace nes::nitro_enc

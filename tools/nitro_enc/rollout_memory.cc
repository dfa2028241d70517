#include <algorithm>

#include "eif/memory.h"
#include "tools/nitro_enc/rollout_rules.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kMostMib = 1U << 30;

// 512Mi or 2Gi in MiB.
std::optional<std::uint64_t> mebibytes(std::string_view text) {
  const bool is_gib = text.ends_with("Gi");
  if (!is_gib && !text.ends_with("Mi")) return std::nullopt;
  text.remove_suffix(2);
  const auto number = parse_count(text, kMostMib / 1024);
  if (!number) return std::nullopt;
  return is_gib ? *number * 1024 : *number;
}

}  // namespace

void check_memory(const Container& runner, Findings& findings) {
  const auto mib = findings.number(runner, "ENCLAVE_MEMORY_MB");
  if (!mib) return;
  const std::string& at = runner.where_of("ENCLAVE_MEMORY_MB");
  const std::string text = "ENCLAVE_MEMORY_MB " + std::to_string(*mib);
  const std::uint64_t least = eif::memory_needed_mib(findings.rollout.image.bytes.value_or(0));
  if (*mib < least)
    findings.add(
        at, text + " is less than the " + std::to_string(least) + " that the image needs (4 times the EIF)",
        "raise it, the hugepages and the node's memory_mib to " + std::to_string(least) + " or more");
  if (*mib % 2 != 0) findings.add(at, text + " is odd, and a page has 2 MiB", "use an even number");
  std::uint64_t pages_mib = 0;
  for (const auto& [size, limit] : runner.hugepages) {
    const auto some = limit.value ? mebibytes(*limit.value) : std::nullopt;
    if (!some)
      findings.add(limit.where, size + " is not a number of Mi or Gi",
                   "write it as " + std::to_string(*mib) + "Mi");
    pages_mib += some.value_or(*mib);
  }
  if (pages_mib != *mib)
    findings.add(
        runner.hugepages.empty() ? runner.where : runner.hugepages.begin()->second.where,
        "the hugepages limits of " + runner.name + " are " + std::to_string(pages_mib) + " MiB, and " + text,
        "set the limit hugepages-2Mi to " + std::to_string(*mib) + "Mi");
  const auto& allocator = findings.rollout.allocator;
  if (allocator && *allocator->memory_mib < *mib)
    findings.add(allocator->where,
                 "memory_mib " + std::to_string(*allocator->memory_mib) + " is less than " + text,
                 "raise memory_mib on the node");
}

}  // namespace nes::nitro_enc

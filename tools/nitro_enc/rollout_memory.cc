#include <algorithm>
#include <array>

#include "eif/memory.h"
#include "tools/nitro_enc/rollout_rules.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kMost2MibOnly = 1022;  // more, and the node makes pages of 1 GiB
constexpr std::uint64_t kMostMib = 1U << 30;

// MiB in pages of each size.
struct Pages {
  std::uint64_t gib = 0;  // a multiple of 1024
  std::uint64_t rest = 0;
};

// As nitro-enclaves-allocator reserves memory: rounded up to pages of 2 MiB, and of that as much as goes
// into pages of 1 GiB. On fragmented memory it gets fewer of those, which cannot be relied on.
Pages pages_of(std::uint64_t mib) {
  mib += mib % 2;
  return {.gib = mib / 1024 * 1024, .rest = mib % 1024};
}

struct PageSize {
  std::string_view name;
  std::uint64_t mib;
  std::uint64_t Pages::*sum;
};
constexpr std::array kPageSizes = {PageSize{"hugepages-1Gi", 1024, &Pages::gib},
                                   PageSize{"hugepages-2Mi", 2, &Pages::rest}};

// 512Mi or 2Gi in MiB.
std::optional<std::uint64_t> mebibytes(std::string_view text) {
  const bool is_gib = text.ends_with("Gi");
  if (!is_gib && !text.ends_with("Mi")) return std::nullopt;
  text.remove_suffix(2);
  const auto number = parse_count(text, kMostMib / 1024);
  if (!number) return std::nullopt;
  return is_gib ? *number * 1024 : *number;
}

// `hugepages-1Gi: 1Gi and hugepages-2Mi: 512Mi`
std::string limits_for(const Pages& pages) {
  std::string text;
  if (pages.gib > 0) text = "hugepages-1Gi: " + std::to_string(pages.gib / 1024) + "Gi";
  if (pages.rest > 0)
    text += (text.empty() ? "" : " and ") + ("hugepages-2Mi: " + std::to_string(pages.rest) + "Mi");
  return text;
}

// The limits by size; nothing after a mistake.
std::optional<Pages> limits_of(const Container& runner, Findings& findings) {
  std::optional<Pages> pages(std::in_place);
  for (const auto& [name, limit] : runner.hugepages) {
    const auto* const size = std::ranges::find(kPageSizes, name, &PageSize::name);
    const auto mib = limit.value ? mebibytes(*limit.value) : std::nullopt;
    if (size == kPageSizes.end())
      findings.add(limit.where, name + " is no size of pages that a node has",
                   "use hugepages-2Mi or hugepages-1Gi");
    else if (!mib)
      findings.add(limit.where, name + " is not a number of Mi or Gi", "write it as " + name + ": 1022Mi");
    else if (*mib % size->mib != 0)
      findings.add(limit.where, name + " " + *limit.value + " is no whole number of pages",
                   "use a multiple of " + std::string(size->name.substr(10)));
    else if (pages)
      (*pages).*(size->sum) = *mib;
    if (size == kPageSizes.end() || !mib || *mib % size->mib != 0) pages.reset();
  }
  return pages;
}

std::string how_it_fits(std::uint64_t mib, std::uint64_t least) {
  if (mib <= kMost2MibOnly)
    return "set memory_mib to " + std::to_string(mib) + ", or more up to " + std::to_string(kMost2MibOnly);
  const std::string most = std::to_string(kMost2MibOnly);
  const std::string small =
      "use memory_mib " + most + ", ENCLAVE_MEMORY_MB " + most + " and hugepages-2Mi: " + most + "Mi; or ";
  return (least <= kMost2MibOnly ? small : std::string()) + "set memory_mib to " + std::to_string(mib) +
         ", the limits to " + limits_for(pages_of(mib)) + ", and the volume's medium to HugePages-1Gi";
}

// Enough memory in all is not enough: the kubelet counts pages by their size.
void check_node(const Container& runner, const Pages& limits, std::uint64_t mib, std::uint64_t least,
                Findings& findings) {
  const Allocator& node = *findings.rollout.allocator;
  const Pages has = pages_of(*node.memory_mib);
  for (const PageSize& size : kPageSizes) {
    const std::uint64_t wanted = limits.*size.sum;
    if (wanted <= has.*size.sum) continue;
    const Setting& limit = runner.hugepages.find(size.name)->second;
    findings.add(limit.where,
                 std::string(size.name) + " of " + runner.name + " is " + std::to_string(wanted) +
                     " MiB, and memory_mib " + std::to_string(*node.memory_mib) + " of " + node.where +
                     " makes " + std::to_string(has.gib) + " MiB in pages of 1 GiB and " +
                     std::to_string(has.rest) + " MiB in pages of 2 MiB: the pod stays Pending",
                 how_it_fits(mib, least));
    return;
  }
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
  const auto limits = limits_of(runner, findings);
  if (limits && limits->gib + limits->rest != *mib) {
    findings.add(runner.hugepages.empty() ? runner.where : runner.hugepages.begin()->second.where,
                 "the hugepages limits of " + runner.name + " are " +
                     std::to_string(limits->gib + limits->rest) + " MiB, and " + text,
                 limits->gib > 0 ? "set the limits to " + limits_for(pages_of(*mib))
                                 : "set the limit hugepages-2Mi to " + std::to_string(*mib) + "Mi");
  }
  const auto& allocator = findings.rollout.allocator;
  if (!allocator) return;
  if (*allocator->memory_mib < *mib)
    findings.add(allocator->where,
                 "memory_mib " + std::to_string(*allocator->memory_mib) + " is less than " + text,
                 "raise memory_mib on the node");
  else if (limits && limits->gib + limits->rest == *mib)
    check_node(runner, *limits, *mib, least, findings);
}

}  // namespace nes::nitro_enc

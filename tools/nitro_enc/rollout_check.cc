#include "tools/nitro_enc/rollout_check.h"

#include <algorithm>
#include <string_view>

#include "policy/audit.h"
#include "tools/nitro_enc/arguments.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kLastCid = 0xFFFFFFFF;
constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastMib = 64;     // nitro-cli's
constexpr std::uint64_t kEifsInMemory = 4;  // nitro-cli's
constexpr std::uint64_t kMostMib = 1U << 30;

bool is_runner(const Container& container) {
  return container.name == "enclave-runner" || container.environment.contains("ENCLAVE_MEMORY_MB");
}

bool is_egress(const Container& container) {
  return std::ranges::find(container.words, "egress") != container.words.end();
}

// Runs vsock-proxy, as the runner's egress or as a sidecar.
bool is_proxy(const Container& container) {
  return is_egress(container) ||
         (container.environment.contains("ENCLAVE_CID") && container.environment.contains("LISTEN_PORT"));
}

// 512Mi or 2Gi in MiB.
std::optional<std::uint64_t> mebibytes(std::string_view text) {
  const bool is_gib = text.ends_with("Gi");
  if (!is_gib && !text.ends_with("Mi")) return std::nullopt;
  text.remove_suffix(2);
  const auto number = parse_count(text, kMostMib / 1024);
  if (!number) return std::nullopt;
  return is_gib ? *number * 1024 : *number;
}

std::string port_of(std::string_view endpoint) {
  return std::string(endpoint.substr(endpoint.rfind(':') + 1));
}

class Checker {
 public:
  explicit Checker(const Rollout& rollout) : rollout_(rollout) {}

  std::vector<Mistake> run() {
    std::size_t runners = 0;
    for (const Container& container : rollout_.containers) {
      if (container.environment.contains("ENCLAVE_CID") || is_runner(container)) cid(container);
      ports(container);
      image_of(container);
      if (!is_runner(container)) continue;
      ++runners;
      memory(container);
      node(container);
    }
    if (runners == 0)
      add("the manifests", "have no container enclave-runner",
          "pass the DaemonSet's manifest with --manifest");
    image();
    return std::move(mistakes_);
  }

 private:
  void add(std::string where, std::string what, std::string fix) {
    mistakes_.push_back({std::move(where), std::move(what), std::move(fix)});
  }
  static std::string where(const Container& container, std::string_view name) {
    const auto at = container.environment.find(name);
    return at == container.environment.end() ? container.where : at->second.where;
  }
  std::string baked(std::string_view name, std::string_view otherwise) const {
    const auto at = rollout_.image.environment->find(name);
    const bool is_unset = at == rollout_.image.environment->end() || at->second.empty();
    return is_unset ? std::string(otherwise) : at->second;
  }

  // A number from the manifest itself; nothing after a mistake.
  std::optional<std::uint64_t> number(const Container& container, std::string_view name) {
    const auto text = container.variable(name);
    const auto value = text ? parse_count(*text, kLastCid) : std::nullopt;
    if (!value)
      add(where(container, name), std::string(name) + " of " + container.name + " is not a number",
          "set it to a number in the manifest itself");
    return value;
  }

  void cid(const Container& container) {
    const auto value = number(container, "ENCLAVE_CID");
    if (!value) return;
    const std::string at = where(container, "ENCLAVE_CID");
    const std::string text = "ENCLAVE_CID " + std::to_string(*value);
    if (*value <= 2 || *value == kLastCid)
      add(at, text + " is reserved", "use 16, or another number from 4");
    else if (*value == 3 || *value == rollout_.parent_cid)
      add(at, text + " is the parent's", "use 16, or another number from 4");
    if (!cid_) {
      cid_ = value;
      cid_where_ = at;
    } else if (*cid_ != *value) {
      add(at, text + " is not the " + std::to_string(*cid_) + " of " + cid_where_,
          "use one number in the runner and in every sidecar");
    }
  }

  void port(const Container& container, std::string_view name, std::string_view found,
            std::string_view baked_name, std::string_view otherwise) {
    const std::string expected = baked(baked_name, otherwise);
    if (found == expected) return;
    add(where(container, name),
        std::string(name) + " of " + container.name + " means port " + std::string(found) + ", and " +
            std::string(baked_name) + " of the image is " + expected,
        "use " + expected + ", or build the image anew");
  }

  void ports(const Container& container) {
    if (!rollout_.image.environment) return;
    const auto& variables = container.environment;
    const bool is_sidecar = !is_runner(container) && variables.contains("LISTEN_PORT");
    if (is_sidecar || variables.contains("ENCLAVE_PORT"))
      port(container, "ENCLAVE_PORT", container.variable("ENCLAVE_PORT", "443").value_or("?"), "TLS_PORT",
           "443");
    if (is_sidecar || variables.contains("HEALTH_PORT"))
      port(container, "HEALTH_PORT", container.variable("HEALTH_PORT", "8015").value_or("?"),
           "HEALTH_VSOCK_PORT", "8015");
    if (is_runner(container)) {
      port(container, "LOG_LISTEN", port_of(container.variable("LOG_LISTEN", ":8014").value_or("?")),
           "LOG_VSOCK_PORT", "8014");
      port(container, "ENCLAVE_HEALTH", port_of(container.variable("ENCLAVE_HEALTH", ":8015").value_or("?")),
           "HEALTH_VSOCK_PORT", "8015");
    }
    egress(container);
  }

  // The egress proxy's --listen, when it is one port.
  void egress(const Container& container) {
    if (!is_egress(container)) return;
    if (baked("VSOCK_PROXY_MODE", "connect") != "connect") return;
    if (const auto listen = container.variable("LISTEN"); !listen || !listen->empty())
      port(container, "LISTEN", port_of(listen.value_or("?")), "VSOCK_PROXY_PORT", "8000");
    for (std::size_t i = 0; i < container.words.size(); ++i) {
      std::string_view word = container.words[i];
      if (word == "--listen" && i + 1 < container.words.size())
        word = container.words[i + 1];
      else if (word.starts_with("--listen="))
        word.remove_prefix(9);
      else
        continue;
      port(container, "--listen", port_of(word), "VSOCK_PROXY_PORT", "8000");
    }
  }

  // The image that the build pushed, by its tag; a digest behind it is narrower still.
  void image_of(const Container& container) {
    if (!rollout_.summary) return;
    const auto& pushed = is_runner(container)  ? rollout_.summary->runner
                         : is_proxy(container) ? rollout_.summary->proxy
                                               : std::nullopt;
    if (!pushed || container.image == *pushed || container.image.starts_with(*pushed + "@sha256:")) return;
    add(container.where,
        "the image of " + container.name + " is " +
            (container.image.empty() ? std::string("not set") : container.image) +
            ", and the build summary has " + *pushed,
        "set it to " + *pushed);
  }

  void memory(const Container& container) {
    const auto mib = number(container, "ENCLAVE_MEMORY_MB");
    if (!mib) return;
    const std::string at = where(container, "ENCLAVE_MEMORY_MB");
    const std::string text = "ENCLAVE_MEMORY_MB " + std::to_string(*mib);
    std::uint64_t least = kLeastMib;
    if (rollout_.image.bytes)
      least = std::max(least, (*rollout_.image.bytes * kEifsInMemory + kMib - 1) / kMib);
    if (*mib < least)
      add(at, text + " is less than the " + std::to_string(least) + " that the image needs (4 times the EIF)",
          "raise it, the hugepages and the node's memory_mib to " + std::to_string(least + least % 2) +
              " or more");
    if (*mib % 2 != 0) add(at, text + " is odd, and a page has 2 MiB", "use an even number");
    std::uint64_t pages_mib = 0;
    for (const auto& [size, limit] : container.hugepages) {
      const auto some = limit.value ? mebibytes(*limit.value) : std::nullopt;
      if (!some)
        add(limit.where, size + " is not a number of Mi or Gi", "write it as " + std::to_string(*mib) + "Mi");
      pages_mib += some.value_or(*mib);
    }
    if (pages_mib != *mib)
      add(container.hugepages.empty() ? container.where : container.hugepages.begin()->second.where,
          "the hugepages limits of " + container.name + " are " + std::to_string(pages_mib) + " MiB, and " +
              text,
          "set the limit hugepages-2Mi to " + std::to_string(*mib) + "Mi");
    if (rollout_.allocator && *rollout_.allocator->memory_mib < *mib)
      add(rollout_.allocator->where,
          "memory_mib " + std::to_string(*rollout_.allocator->memory_mib) + " is less than " + text,
          "raise memory_mib on the node");
  }

  void node(const Container& container) {
    const auto cpus = number(container, "ENCLAVE_CPU_COUNT");
    if (!cpus) return;
    if (*cpus == 0)
      add(where(container, "ENCLAVE_CPU_COUNT"), "ENCLAVE_CPU_COUNT is 0", "use 2, a whole core");
    if (rollout_.allocator && *rollout_.allocator->cpus < *cpus)
      add(rollout_.allocator->where,
          "sets " + std::to_string(*rollout_.allocator->cpus) + " CPUs aside, and ENCLAVE_CPU_COUNT is " +
              std::to_string(*cpus),
          "raise cpu_count on the node");
  }

  void image() {
    if (rollout_.image.environment) {
      const std::string cid = baked("VSOCK_PROXY_CID", "");
      const std::string parent = std::to_string(rollout_.parent_cid);
      if (cid != parent)
        add("the image",
            "VSOCK_PROXY_CID is " + (cid.empty() ? std::string("not set") : cid) + ", and the parent is " +
                parent + " as the enclave sees it",
            "build it with VSOCK_PROXY_CID=" + parent + " (it is not ENCLAVE_CID)");
    }
    const auto& measured = rollout_.image.measured_pcr0;
    if (measured && !policy::is_pcr0(*measured))
      add("the image", "its PCR0 is none, or all zeros as in debug mode", "describe the EIF that was built");
    if (measured && rollout_.summary && *measured != rollout_.summary->pcr0)
      add("the image",
          "its PCR0 " + *measured + " is not the " + rollout_.summary->pcr0 + " of the build summary",
          "deploy the image and the summary of one build");
    if (rollout_.has_foreign_ca == true)
      add("the image", "it trusts a CA that is not of Amazon Trust Services, as images for demonstrations do",
          "build it with the production CA bundle");
  }

  const Rollout& rollout_;
  std::vector<Mistake> mistakes_;
  std::optional<std::uint64_t> cid_;
  std::string cid_where_;
};

}  // namespace

std::vector<Mistake> find_mistakes(const Rollout& rollout) { return Checker(rollout).run(); }

}  // namespace nes::nitro_enc

#include <algorithm>

#include "os/endpoint.h"
#include "tools/nitro_enc/rollout_rules.h"

namespace nes::nitro_enc {
namespace {

// A port as the image has it.
struct Port {
  std::string_view variable;
  std::string_view otherwise;
};
constexpr Port kTls{"TLS_PORT", "443"};
constexpr Port kHealth{"HEALTH_VSOCK_PORT", "8015"};
constexpr Port kLog{"LOG_VSOCK_PORT", "8014"};
constexpr Port kProxy{"VSOCK_PROXY_PORT", "8000"};

std::string port_of(std::string_view endpoint) {
  return std::string(endpoint.substr(endpoint.rfind(':') + 1));
}

bool runs_proxy(const std::vector<std::string>& words) {
  return std::ranges::any_of(
      words, [](const std::string& word) { return word == "vsock-proxy" || word.ends_with("/vsock-proxy"); });
}

class Endpoints {
 public:
  Endpoints(const Container& container, Findings& findings) noexcept
      : container_(container), findings_(findings) {}

  void check() {
    variable("ENCLAVE", kTls, container_.is_sidecar());
    variable("HEALTH", kHealth, container_.is_sidecar());
    if (container_.is_runner()) runner();
    if (container_.is_sidecar()) sidecar();
    if (container_.is_egress()) egress();
    if (container_.is_set("ALLOW_CID"))
      cid(container_.where_of("ALLOW_CID"), named("ALLOW_CID"), container_.variable("ALLOW_CID"));
    flags(container_.words, container_.where, container_.name);
    for (const Exec& exec : container_.execs) run_by_kubelet(exec);
  }

 private:
  std::string named(std::string_view what) const { return std::string(what) + " of " + container_.name; }

  void cid(const std::string& where, const std::string& what, const std::optional<std::string>& found) {
    if (!findings_.cid || found == std::to_string(*findings_.cid)) return;
    findings_.add(where,
                  what + " means CID " + found.value_or("?") + ", and the enclave has ENCLAVE_CID " +
                      std::to_string(*findings_.cid) + " by " + findings_.cid_where,
                  "use " + std::to_string(*findings_.cid) + ", or change all of them");
  }

  void port(const std::string& where, const std::string& what, std::string_view found, const Port& baked) {
    if (!findings_.rollout.image.environment) return;
    const std::string expected = findings_.baked(baked.variable, baked.otherwise);
    if (found == expected) return;
    findings_.add(where,
                  what + " means port " + std::string(found) + ", and " + std::string(baked.variable) +
                      " of the image is " + expected,
                  "use " + expected + ", or build the image anew");
  }

  // Of the enclave. One that is not of vsock is a stand-in's: its port is told and its CID is not.
  void endpoint(const std::string& where, const std::string& what, const std::optional<std::string>& text,
                const Port& baked) {
    const auto parsed = os::parse_endpoint(text.value_or(""));
    if (!parsed.ok() || (parsed->transport == os::Transport::kVsock && parsed->cid == os::kAnyCid)) {
      findings_.add(where, what + " is no endpoint of an enclave",
                    "write it as vsock:" + std::to_string(findings_.cid.value_or(16)) + ":" +
                        std::string(baked.otherwise) + ", in the manifest itself");
      return;
    }
    if (parsed->transport == os::Transport::kVsock) cid(where, what, std::to_string(parsed->cid));
    port(where, what, std::to_string(parsed->port), baked);
  }

  // What an application calls ENCLAVE or HEALTH is its own business, unless it is an endpoint of vsock.
  void variable(std::string_view name, const Port& baked, bool must_be_endpoint) {
    if (!container_.is_set(name)) return;
    const auto value = container_.variable(name);
    if (must_be_endpoint || (value && value->starts_with("vsock:")))
      endpoint(container_.where_of(name), named(name), value, baked);
  }

  void runner() {
    port(container_.where_of("LOG_LISTEN"), named("LOG_LISTEN"),
         port_of(container_.variable("LOG_LISTEN", ":8014").value_or("?")), kLog);
    if (container_.is_set("ENCLAVE_HEALTH"))
      variable("ENCLAVE_HEALTH", kHealth, true);
    else
      port(container_.where, named("ENCLAVE_HEALTH"), "8015", kHealth);
  }

  // Where nothing says it as an endpoint, a number does, or the default.
  void numbered(const std::vector<std::string>& words, std::string_view name, std::string_view variable_name,
                const Port& baked) {
    const auto value = flag_of(words, name);
    if (value)
      port(container_.where, named("--" + std::string(name)), *value, baked);
    else
      port(container_.where_of(variable_name), named(variable_name),
           container_.variable(variable_name, baked.otherwise).value_or("?"), baked);
  }

  void sidecar() {
    const auto& words = container_.words;
    if (!container_.is_set("ENCLAVE") && !flag_of(words, "enclave"))
      numbered(words, "enclave-port", "ENCLAVE_PORT", kTls);
    if (!container_.is_set("HEALTH") && !flag_of(words, "health"))
      numbered(words, "health-port", "HEALTH_PORT", kHealth);
  }

  // The egress proxy's --listen, when it is one port.
  void egress() {
    if (!findings_.rollout.image.environment) return;
    if (findings_.baked("VSOCK_PROXY_MODE", "connect") != "connect") return;
    if (const auto listen = flag_of(container_.words, "listen"))
      port(container_.where, named("--listen"), port_of(*listen), kProxy);
    else
      port(container_.where_of("LISTEN"), named("LISTEN"),
           port_of(container_.variable("LISTEN", ":8000").value_or("?")), kProxy);
  }

  // CIDs and endpoints in the words of a command.
  void flags(const std::vector<std::string>& words, const std::string& where, const std::string& of) {
    const bool is_proxy = runs_proxy(words) || container_.is_sidecar() || container_.is_egress();
    for (const auto& [name, baked] : {std::pair("enclave", kTls), std::pair("health", kHealth)}) {
      const auto value = flag_of(words, name);
      if (value && (is_proxy || value->starts_with("vsock:")))
        endpoint(where, "--" + std::string(name) + " of " + of, value, baked);
    }
    if (!is_proxy) return;
    for (const std::string name : {"enclave-cid", "allow-cid"})
      if (const auto value = flag_of(words, name)) cid(where, "--" + name + " of " + of, value);
  }

  // vsock-proxy as a probe or a hook runs it: flags, and what they do not say is in the container's
  // variables.
  void run_by_kubelet(const Exec& exec) {
    const std::string of = named(exec.name);
    flags(exec.words, exec.where, of);
    if (!runs_proxy(exec.words) || flag_of(exec.words, "health")) return;
    if (const auto value = flag_of(exec.words, "health-port"))
      port(exec.where, "--health-port of " + of, *value, kHealth);
    else if (!container_.is_set("HEALTH"))
      port(exec.where, of, container_.variable("HEALTH_PORT", kHealth.otherwise).value_or("?"), kHealth);
  }

  const Container& container_;
  Findings& findings_;
};

}  // namespace

void check_endpoints(const Container& container, Findings& findings) {
  Endpoints(container, findings).check();
}

}  // namespace nes::nitro_enc

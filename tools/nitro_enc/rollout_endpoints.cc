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

class Endpoints {
 public:
  Endpoints(const Container& container, Findings& findings) noexcept
      : container_(container), findings_(findings) {}

  void check() {
    if (container_.is_runner()) runner();
    if (container_.is_sidecar()) sidecar();
    if (container_.is_egress()) egress();
  }

 private:
  std::string named(std::string_view what) const { return std::string(what) + " of " + container_.name; }

  void port(const std::string& where, const std::string& what, std::string_view found, const Port& baked) {
    if (!findings_.rollout.image.environment) return;
    const std::string expected = findings_.baked(baked.variable, baked.otherwise);
    if (found == expected) return;
    findings_.add(where,
                  what + " means port " + std::string(found) + ", and " + std::string(baked.variable) +
                      " of the image is " + expected,
                  "use " + expected + ", or build the image anew");
  }

  void runner() {
    port(container_.where_of("LOG_LISTEN"), named("LOG_LISTEN"),
         port_of(container_.variable("LOG_LISTEN", ":8014").value_or("?")), kLog);
    port(container_.where_of("ENCLAVE_HEALTH"), named("ENCLAVE_HEALTH"),
         port_of(container_.variable("ENCLAVE_HEALTH", ":8015").value_or("?")), kHealth);
  }

  void numbered(std::string_view name, const Port& baked) {
    port(container_.where_of(name), named(name), container_.variable(name, baked.otherwise).value_or("?"),
         baked);
  }

  void sidecar() {
    numbered("ENCLAVE_PORT", kTls);
    numbered("HEALTH_PORT", kHealth);
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

  const Container& container_;
  Findings& findings_;
};

}  // namespace

void check_endpoints(const Container& container, Findings& findings) {
  Endpoints(container, findings).check();
}

}  // namespace nes::nitro_enc

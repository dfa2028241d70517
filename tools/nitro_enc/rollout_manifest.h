// The containers of Kubernetes manifests, as far as they say how an enclave is run and reached.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::nitro_enc {

struct Setting {
  std::optional<std::string> value;  // nothing: from somewhere else (valueFrom)
  std::string where;                 // FILE:LINE
};

// What the kubelet runs in a container: an exec probe or hook.
struct Exec {
  std::string name;  // startupProbe, preStop, ...
  std::string where;
  std::vector<std::string> words;  // a shell's command line is taken apart at its blanks and quotes
};

struct Container {
  std::string name;
  std::string image;
  std::string where;
  std::map<std::string, Setting, std::less<>> environment{};
  std::vector<std::string> words{};  // command and args
  std::vector<Exec> execs{};         // in the order startup, liveness, readiness, hooks
  std::map<std::string, Setting, std::less<>> hugepages{};  // of the limits: hugepages-2Mi -> 512Mi

  // The value of a variable; `otherwise` if it is not there, nothing if it is from somewhere else.
  std::optional<std::string> variable(std::string_view variable_name, std::string_view otherwise = "") const;
  bool is_set(std::string_view variable_name) const;  // and not empty
  // Where a variable stands; the container if it is not there.
  const std::string& where_of(std::string_view variable_name) const;

  bool is_runner() const;   // enclave-runner, or one with ENCLAVE_MEMORY_MB
  bool is_egress() const;   // vsock-proxy egress
  bool is_sidecar() const;  // vsock-proxy ingress
};

// The value of `--name VALUE` or `--name=VALUE` among the words.
std::optional<std::string> flag_of(const std::vector<std::string>& words, std::string_view name);

// Appends the containers of all workloads among the YAML documents of `text`, the file `path`. An Error's
// position is a line of the file; kLimit beyond the limits of schema::read_yaml().
Result<void> read_manifests(std::string_view text, const std::string& path, std::vector<Container>& out);

}  // namespace nes::nitro_enc

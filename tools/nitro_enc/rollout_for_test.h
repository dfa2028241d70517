// A rollout in which everything fits together, so that a test says what does not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/nitro_enc/rollout_check.h"

namespace nes::nitro_enc {

inline const std::string kManifest = R"(# the runner
apiVersion: apps/v1
kind: DaemonSet
spec:
  template:
    spec:
      containers:
        - name: enclave-runner
          env:
            - {name: ENCLAVE_CID, value: "16"}
            - {name: ENCLAVE_MEMORY_MB, value: "512"}
            - {name: ENCLAVE_CPU_COUNT, value: "2"}
            - {name: ENCLAVE_HEALTH, value: "vsock:16:8015"}
            - {name: PARENT_CID, value: "3"}
          startupProbe: {exec: {command: [vsock-proxy, probe, --health, "vsock:16:8015"]}}
          resources: {limits: {hugepages-2Mi: 512Mi}}
        - name: egress
          args: [egress, --listen, "vsock:any:8000"]
---
# nothing but a comment
---
kind: Pod
spec:
  initContainers:
    - name: vsock-proxy
      env:
        - {name: ENCLAVE_CID, value: "16"}
        - {name: LISTEN_PORT, value: "8443"}
)";
inline const std::string kPcr0(96, 'a');
inline const std::string kCid = "VSOCK_PROXY_CID=3\n";

struct Given {
  std::string manifest = kManifest;
  std::string allocator = "---\nmemory_mib: 512\ncpu_count: 2\n";
  std::string pcr0 = kPcr0;
  std::optional<std::string> environment = kCid + "TLS_PORT=\n";
  std::uint64_t bytes = std::uint64_t{128} << 20;
  std::uint64_t parent_cid = 3;
  bool foreign = false;
  std::optional<std::string> runner{};  // of the summary
  std::optional<std::string> proxy{};
  std::vector<Mistake> mistakes{};  // of the image
};

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// `WHERE: what; fix: how` each.
inline std::vector<std::string> lines(const Given& given) {
  Rollout rollout;
  EXPECT_TRUE(read_manifests(given.manifest, "m.yaml", rollout.containers).ok());
  rollout.allocator = read_allocator(given.allocator, "allocator.yaml").value();
  rollout.image.bytes = given.bytes;
  rollout.image.pcr0 = given.pcr0;
  if (given.environment) rollout.image.environment = read_environment(*given.environment).value();
  rollout.image.has_foreign_ca = given.foreign;
  rollout.image.mistakes = given.mistakes;
  rollout.summary = BuildSummary{.pcr0 = kPcr0, .runner = given.runner, .proxy = given.proxy};
  rollout.parent_cid = given.parent_cid;
  EXPECT_EQ(not_compared(rollout), "");
  std::vector<std::string> out;
  for (const Mistake& mistake : find_mistakes(rollout))
    out.push_back(mistake.where + ": " + mistake.what + "; fix: " + mistake.fix);
  return out;
}

inline std::size_t mistakes(const Given& given) { return lines(given).size(); }

// The one mistake, or how many there are.
inline std::string only(const Given& given) {
  const auto all = lines(given);
  if (all.size() == 1) return all.front();
  std::string text = std::to_string(all.size()) + " mistakes";
  for (const std::string& line : all) text += "\n" + line;
  return text;
}
inline std::string only_with(const std::string& from, const std::string& to) {
  return only({.manifest = replaced(kManifest, from, to)});
}

// Whether `text` is one mistake that has `part`; a failure shows both.
inline ::testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (!text.starts_with("0 ") && text.find('\n') == std::string::npos && text.find(part) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no one mistake with '" << part << "': " << text;
}

}  // namespace nes::nitro_enc

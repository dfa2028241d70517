#include <string>

#include <gtest/gtest.h>

#include "tools/nitro_enc/rollout_for_test.h"

namespace nes::nitro_enc {
namespace {

TEST(RolloutEndpointsTest, ports_of_both_sides_are_the_same) {
  EXPECT_TRUE(says(only({.environment = kCid + "TLS_PORT=8443\n"}), "TLS_PORT of the image is 8443"));
  EXPECT_TRUE(says(only({.environment = kCid + "LOG_VSOCK_PORT=9000\n"}), "LOG_LISTEN"));
  EXPECT_TRUE(
      says(only({.environment = kCid + "VSOCK_PROXY_PORT=8001\n"}), "--listen of egress means port 8000"));
  EXPECT_TRUE(says(only_with(R"(args: [egress, --listen, "vsock:any:8000"])",
                             "args: [egress]\n          env: [{name: LISTEN, value: \"vsock:any:8001\"}]"),
                   "LISTEN of egress means port 8001"));
  // The variable, the probe and the sidecar.
  EXPECT_EQ(mistakes({.environment = kCid + "HEALTH_VSOCK_PORT=9000\n"}), 3U);
  EXPECT_EQ(mistakes({.environment = kCid + "VSOCK_PROXY_PORT=8001\nVSOCK_PROXY_MODE=ports\n"}), 0U);
}

TEST(RolloutEndpointsTest, an_egress_without_a_place_listens_at_the_default) {
  const std::string text =
      replaced(kManifest, R"(args: [egress, --listen, "vsock:any:8000"])", "args: [egress]");
  EXPECT_EQ(mistakes({.manifest = text}), 0U);
  EXPECT_TRUE(says(only({.manifest = text, .environment = kCid + "VSOCK_PROXY_PORT=8001\n"}),
                   "LISTEN of egress means port 8000"));
}

TEST(RolloutEndpointsTest, the_runners_health_endpoint_is_the_enclaves) {
  const std::string health = R"(ENCLAVE_HEALTH, value: "vsock:16:8015")";
  EXPECT_EQ(only_with(health, R"(ENCLAVE_HEALTH, value: "vsock:17:8015")"),
            "m.yaml:13: ENCLAVE_HEALTH of enclave-runner means CID 17, and the enclave has ENCLAVE_CID 16 by "
            "m.yaml:10; fix: use 16, or change all of them");
  EXPECT_EQ(only_with(health, R"(ENCLAVE_HEALTH, value: "vsock:16:8016")"),
            "m.yaml:13: ENCLAVE_HEALTH of enclave-runner means port 8016, and HEALTH_VSOCK_PORT of the image "
            "is 8015; fix: use 8015, or build the image anew");
  EXPECT_EQ(mistakes({.manifest = replaced(kManifest, health, R"(ENCLAVE_HEALTH, value: "vsock:17:8016")")}),
            2U);
  EXPECT_EQ(only_with(health, "ENCLAVE_HEALTH"), "0 mistakes");  // the script's default
  EXPECT_EQ(only_with(health, R"(ENCLAVE_HEALTH, value: "uds:/run/vsock:8015")"), "0 mistakes");
  for (const char* value : {"valueFrom: {}", R"(value: "vsock:$(ENCLAVE_CID):8015")", R"(value: "16:8015")",
                            R"(value: "vsock:any:8015")", R"(value: "vsock:16")"})
    EXPECT_TRUE(says(only_with(health, std::string("ENCLAVE_HEALTH, ") + value),
                     "ENCLAVE_HEALTH of enclave-runner is no endpoint of an enclave; fix: write it as "
                     "vsock:16:8015"))
        << value;
}

TEST(RolloutEndpointsTest, cids_are_compared_without_an_image_and_ports_are_not) {
  const std::string text = replaced(kManifest, R"(value: "vsock:16:8015")", R"(value: "vsock:17:8016")");
  Rollout rollout;
  ASSERT_TRUE(read_manifests(text, "m.yaml", rollout.containers).ok());
  const auto found = find_mistakes(rollout);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].what,
            "ENCLAVE_HEALTH of enclave-runner means CID 17, and the enclave has ENCLAVE_CID 16 by m.yaml:10");
}

TEST(RolloutEndpointsTest, probes_ask_the_enclave) {
  const auto with = [](const std::string& probe) {
    return only_with(R"(startupProbe: {exec: {command: [vsock-proxy, probe, --health, "vsock:16:8015"]}})",
                     probe);
  };
  for (const std::string name : {"startupProbe", "livenessProbe", "readinessProbe"}) {
    const std::string before = name + ": {exec: {command: [/usr/bin/vsock-proxy, probe, ";
    EXPECT_EQ(
        with(before + R"(--health, "vsock:17:8015"]}})"),
        "m.yaml:15: --health of " + name +
            " of enclave-runner means CID 17, and the enclave has ENCLAVE_CID 16 by m.yaml:10; fix: use "
            "16, or change all of them");
    EXPECT_TRUE(says(with(before + R"("--health=vsock:16:8014"]}})"), "means port 8014"));
    EXPECT_TRUE(says(with(before + R"(--enclave-cid, "17"]}})"), "--enclave-cid of " + name));
    EXPECT_TRUE(says(with(before + R"(--health-port, "8014"]}})"), "--health-port of " + name));
    EXPECT_TRUE(says(with(before + "--health, x]}}"), "is no endpoint of an enclave"));
    EXPECT_EQ(with(before + R"(--health, "vsock:16:8015", --probe-path, /livez]}})"), "0 mistakes");
    EXPECT_EQ(with(before + R"(--enclave-cid, "16", --health-port, "8015"]}})"), "0 mistakes");
    EXPECT_EQ(with(before + "--probe-path, /livez]}}"), "0 mistakes");  // ENCLAVE_CID and the default
  }
  EXPECT_TRUE(says(
      with(R"(lifecycle: {preStop: {exec: {command: [vsock-proxy, drain, --health, "vsock:17:8015"]}}})"),
      "--health of preStop of enclave-runner means CID 17"));
  EXPECT_TRUE(says(
      with(
          R"(livenessProbe: {exec: {command: [sh, -c, "exec vsock-proxy probe --health 'vsock:17:8015'; x"]}})"),
      "means CID 17"));
  EXPECT_EQ(with(R"(livenessProbe: {exec: {command: [other, --health, x, --health-port, "1"]}})"),
            "0 mistakes");
  EXPECT_EQ(with("livenessProbe: {httpGet: {path: /livez, port: 1}}"), "0 mistakes");
}

TEST(RolloutEndpointsTest, a_probe_without_an_endpoint_asks_at_the_containers_port) {
  const std::string text =
      replaced(kManifest, R"([vsock-proxy, probe, --health, "vsock:16:8015"])", "[vsock-proxy, probe]");
  const std::string port = replaced(
      text, "- {name: PARENT_CID", "- {name: HEALTH_PORT, value: \"9000\"}\n            - {name: PARENT_CID");
  EXPECT_EQ(mistakes({.manifest = text}), 0U);
  EXPECT_TRUE(says(only({.manifest = port}), "startupProbe of enclave-runner means port 9000"));
  EXPECT_EQ(mistakes({.manifest = text, .environment = kCid + "HEALTH_VSOCK_PORT=9000\n"}), 3U);
  const std::string endpoint =
      replaced(text, "- {name: PARENT_CID",
               "- {name: HEALTH, value: \"vsock:17:8015\"}\n            - {name: PARENT_CID");
  EXPECT_TRUE(says(only({.manifest = endpoint}), "HEALTH of enclave-runner means CID 17"));
}

TEST(RolloutEndpointsTest, a_sidecars_endpoints_are_the_enclaves) {
  const auto with = [](const std::string& variables) {
    return replaced(kManifest, "- {name: LISTEN_PORT", variables + "\n        - {name: LISTEN_PORT");
  };
  const std::string good = R"(- {name: ENCLAVE, value: "vsock:16:443"}
        - {name: HEALTH, value: "vsock:16:8015"})";
  EXPECT_EQ(only({.manifest = with(good)}), "0 mistakes");
  for (const auto& [from, to, message] :
       {std::tuple("16:443", "17:443", "m.yaml:28: ENCLAVE of vsock-proxy means CID 17"),
        std::tuple("16:443", "16:444", "m.yaml:28: ENCLAVE of vsock-proxy means port 444"),
        std::tuple("16:8015", "17:8015", "m.yaml:29: HEALTH of vsock-proxy means CID 17"),
        std::tuple("16:8015", "16:8014", "m.yaml:29: HEALTH of vsock-proxy means port 8014"),
        std::tuple("vsock:16:443", "16", "m.yaml:28: ENCLAVE of vsock-proxy is no endpoint")})
    EXPECT_TRUE(says(only({.manifest = with(replaced(good, from, to))}), message));
  // Where there is an endpoint, the number beside it says nothing.
  EXPECT_EQ(
      only({.manifest = with(replaced(good, "16:443", "16:8443")), .environment = kCid + "TLS_PORT=8443\n"}),
      "0 mistakes");
  EXPECT_EQ(mistakes({.manifest = with(replaced(good, "16:8015", "16:9000")),
                      .environment = kCid + "HEALTH_VSOCK_PORT=9000\n"}),
            2U);  // of the runner alone
  EXPECT_TRUE(says(only({.manifest = with(R"(- {name: HEALTH_PORT, value: "8014"})")}),
                   "HEALTH_PORT of vsock-proxy means"));
  EXPECT_TRUE(says(only({.manifest = with(R"(- {name: ENCLAVE_PORT, value: "444"})")}),
                   "ENCLAVE_PORT of vsock-proxy means"));
}

TEST(RolloutEndpointsTest, flags_of_a_sidecar_are_as_good_as_its_variables) {
  const auto with = [](const std::string& words) {
    return only_with(R"(      env:
        - {name: ENCLAVE_CID, value: "16"}
        - {name: LISTEN_PORT)",
                     "      args: [" + words + "]\n      env:\n        - {name: LISTEN_PORT");
  };
  EXPECT_EQ(with(R"(ingress, --enclave, "vsock:16:443", --health, "vsock:16:8015")"), "0 mistakes");
  EXPECT_EQ(with(R"(ingress, --enclave-cid, "16", --enclave-port, "443", --health-port, "8015")"),
            "0 mistakes");
  EXPECT_TRUE(says(with(R"(ingress, --enclave, "vsock:17:443")"), "--enclave of vsock-proxy means CID 17"));
  EXPECT_TRUE(says(with(R"(ingress, "--enclave=vsock:16:444")"), "--enclave of vsock-proxy means port 444"));
  EXPECT_TRUE(
      says(with(R"(ingress, --enclave, "vsock:16:443", --health, "vsock:16:1")"), "--health of vsock-proxy"));
  EXPECT_TRUE(says(with(R"(--enclave-cid, "17")"), "m.yaml:25: --enclave-cid of vsock-proxy means CID 17"));
  EXPECT_TRUE(says(with(R"(--enclave-cid, "16", --enclave-port, "444")"),
                   "--enclave-port of vsock-proxy means port 444"));
  EXPECT_TRUE(
      says(with(R"(--enclave-cid, "16", --health-port, "1")"), "--health-port of vsock-proxy means port 1"));
}

TEST(RolloutEndpointsTest, the_egress_serves_the_enclave_alone) {
  const std::string args = R"(args: [egress, --listen, "vsock:any:8000")";
  EXPECT_TRUE(says(only_with(args, args + R"(, --allow-cid, "17")"), "--allow-cid of egress means CID 17"));
  EXPECT_EQ(only_with(args, args + R"(, --allow-cid, "16")"), "0 mistakes");
  EXPECT_TRUE(says(only_with(args, "env: [{name: ALLOW_CID, value: \"17\"}]\n          " + args),
                   "ALLOW_CID of egress means CID 17"));
}

TEST(RolloutEndpointsTest, variables_of_an_application_are_its_own) {
  const auto with = [](const std::string& health) {
    return only({.manifest = kManifest + R"(---
kind: Pod
spec: {containers: [{name: app, env: [{name: ENCLAVE, value: "yes"}, {name: LISTEN_PORT, value: "80"},
  {name: HEALTH_PORT, value: "81"}, {name: HEALTH, value: ")" +
                             health + "\"}]}]}\n"});
  };
  EXPECT_EQ(with("/health"), "0 mistakes");
  EXPECT_EQ(with("vsock:16:8015"), "0 mistakes");
  EXPECT_TRUE(says(with("vsock:17:8015"), "HEALTH of app means CID 17"));
}

}  // namespace
}  // namespace nes::nitro_enc

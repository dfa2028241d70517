#include "tools/nitro_enc/rollout_check.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

const std::string kManifest = R"(# the runner
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
const std::string kAllocator = "---\nmemory_mib: 512\ncpu_count: 2\n";
const std::string kPcr0(96, 'a');

std::string described(const std::string& pcr0) {
  return R"({"EifVersion":4,"Measurements":{"PCR0":")" + pcr0 + R"(","PCR1":"x"}})";
}

struct Given {
  std::string manifest = kManifest;
  std::string allocator = kAllocator;
  std::string described = nitro_enc::described(kPcr0);
  std::string environment = "VSOCK_PROXY_CID=3\nTLS_PORT=\n";
  std::uint64_t bytes = std::uint64_t{128} << 20;
  std::uint64_t parent_cid = 3;
  bool foreign = false;
  std::optional<std::string> runner{};  // of the summary
  std::optional<std::string> proxy{};
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<std::string> mistakes(const Given& given) {
  Rollout rollout;
  EXPECT_TRUE(read_manifests(given.manifest, "m.yaml", rollout.containers).ok());
  rollout.allocator = read_allocator(given.allocator, "allocator.yaml").value();
  rollout.image = read_image_facts(given.described, given.environment).value();
  rollout.image.bytes = given.bytes;
  rollout.summary = BuildSummary{.pcr0 = kPcr0, .runner = given.runner, .proxy = given.proxy};
  rollout.has_foreign_ca = given.foreign;
  rollout.parent_cid = given.parent_cid;
  std::vector<std::string> out;
  for (const Mistake& mistake : find_mistakes(rollout)) {
    EXPECT_FALSE(mistake.fix.empty());
    out.push_back(mistake.where + ": " + mistake.what);
  }
  return out;
}

// The one mistake, or how many there are.
std::string only(const Given& given) {
  const auto all = mistakes(given);
  return all.size() == 1 ? all.front() : std::to_string(all.size()) + " mistakes";
}
std::string only_with(const std::string& from, const std::string& to) {
  return only({.manifest = replaced(kManifest, from, to)});
}
bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(RolloutCheckTest, takes_what_fits_together) { EXPECT_EQ(mistakes({}), std::vector<std::string>{}); }

TEST(RolloutCheckTest, refuses_reserved_cids_and_takes_the_first_free_one) {
  const auto with = [](const std::string& cid) {
    std::string text = kManifest;
    for (int i = 0; i < 2; ++i) text = replaced(text, R"("16")", "\"" + cid + "\"");
    return mistakes({.manifest = text}).size();
  };
  for (const char* cid : {"4", "4294967294"}) EXPECT_EQ(with(cid), 0U) << cid;
  for (const char* cid : {"0", "1", "2", "3", "4294967295", "4294967296", "x", "", "-1"})
    EXPECT_EQ(with(cid), 2U) << cid;
}

TEST(RolloutCheckTest, refuses_a_sidecar_and_a_runner_that_disagree) {
  EXPECT_EQ(only_with(R"(ENCLAVE_CID, value: "16"}
        - {name: LISTEN)",
                      R"(ENCLAVE_CID, value: "17"}
        - {name: LISTEN)"),
            "m.yaml:24: ENCLAVE_CID 17 is not the 16 of m.yaml:10");
}

TEST(RolloutCheckTest, the_baked_cid_is_the_parents_and_not_the_enclaves) {
  EXPECT_TRUE(
      says(only({.environment = "VSOCK_PROXY_CID=16\n"}), "VSOCK_PROXY_CID is 16, and the parent is 3"));
  EXPECT_TRUE(says(only({.environment = "A=b\n"}), "not set"));
  EXPECT_TRUE(says(only({.parent_cid = 2}), "the parent is 2"));
  EXPECT_EQ(mistakes({.environment = "VSOCK_PROXY_CID=2\n", .parent_cid = 2}).size(), 0U);
}

TEST(RolloutCheckTest, ports_of_both_sides_are_the_same) {
  const std::string cid = "VSOCK_PROXY_CID=3\n";
  EXPECT_TRUE(says(only({.environment = cid + "TLS_PORT=8443\n"}), "TLS_PORT of the image is 8443"));
  EXPECT_TRUE(says(only({.environment = cid + "LOG_VSOCK_PORT=9000\n"}), "LOG_LISTEN"));
  EXPECT_TRUE(
      says(only({.environment = cid + "VSOCK_PROXY_PORT=8001\n"}), "--listen of egress means port 8000"));
  EXPECT_TRUE(says(only_with(R"(args: [egress, --listen, "vsock:any:8000"])",
                             "args: [egress]\n          env: [{name: LISTEN, value: \"vsock:any:8001\"}]"),
                   "LISTEN of egress means port 8001"));
  EXPECT_EQ(mistakes({.environment = cid + "HEALTH_VSOCK_PORT=9000\n"}).size(), 2U);  // sidecar and runner
  EXPECT_EQ(mistakes({.environment = cid + "VSOCK_PROXY_PORT=8001\nVSOCK_PROXY_MODE=ports\n"}).size(), 0U);
}

TEST(RolloutCheckTest, memory_is_four_times_the_eif_and_backed_by_as_many_hugepages) {
  EXPECT_TRUE(says(only({.bytes = (std::uint64_t{128} << 20) + 1}), "less than the 513"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 510Mi"), "are 510 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 1Gi"), "are 1024 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "cpu: 1"), "are 0 MiB"));
  EXPECT_TRUE(says(only_with("hugepages-2Mi: 512Mi", "hugepages-2Mi: 512M"), "not a number of Mi or Gi"));
  EXPECT_TRUE(says(only_with("MEMORY_MB, value: \"512\"", "MEMORY_MB, valueFrom: {}"), "is not a number"));
}

TEST(RolloutCheckTest, the_node_sets_enough_aside) {
  EXPECT_TRUE(says(only({.allocator = "memory_mib: 511\ncpu_count: 2\n"}), "memory_mib 511 is less"));
  EXPECT_TRUE(says(only({.allocator = "memory_mib: 512\ncpu_count: 1\n"}), "sets 1 CPUs aside"));
  EXPECT_EQ(mistakes({.allocator = "memory_mib: 513\ncpu_pool: 1,3-5\n"}).size(), 0U);
  for (const char* text :
       {"memory_mib: 512\n", "cpu_count: 2\n", "memory_mib: x\ncpu_count: 2\n", "a: b\n", "",
        "memory_mib: 512\ncpu_count: 2\ncpu_pool: 1\n", "memory_mib: 512\ncpu_pool: 5-3\n"})
    EXPECT_FALSE(read_allocator(text, "a").ok()) << text;
}

TEST(RolloutCheckTest, image_and_summary_are_of_one_build) {
  EXPECT_EQ(mistakes({.described = described(std::string(96, 'A'))}).size(), 0U);
  EXPECT_TRUE(says(only({.described = described(std::string(96, 'b'))}), "of the build summary"));
  EXPECT_EQ(mistakes({.described = described(std::string(96, '0'))}).size(), 2U);
  for (const char* text :
       {"{}", "[]", R"({"PCR0":"a"})", R"({"Measurements":{"PCR0":1}})",
        R"({"Measurements":{"PCR0":"a","PCR0":"b"}})", R"({"Measurements":{"PCR0":"a"}} x)"})
    EXPECT_FALSE(read_image_facts(text, "").ok()) << text;
  EXPECT_FALSE(read_image_facts("", "no equals\n").ok());
}

TEST(RolloutCheckTest, images_are_those_that_the_build_pushed) {
  const std::string runner = "r.example/nitro-enc-svc/runner:0123";
  const std::string proxy = "r.example/nitro-enc-svc/vsock-proxy:0123";
  const auto with = [&](const std::string& of_runner, const std::string& of_egress,
                        const std::string& of_sidecar) {
    std::string text = kManifest;
    for (const auto& [name, image] : {std::pair("enclave-runner", of_runner), std::pair("egress", of_egress),
                                      std::pair("vsock-proxy", of_sidecar)})
      text = replaced(text, "- name: " + std::string(name),
                      "- image: \"" + image + "\"\n" +
                          std::string(std::string(name) == "vsock-proxy" ? 6 : 10, ' ') + "name: " + name);
    return Given{.manifest = text, .runner = runner, .proxy = proxy};
  };
  EXPECT_EQ(mistakes(with(runner, proxy, proxy)).size(), 0U);
  const std::string digest = "@sha256:" + std::string(64, 'a');
  EXPECT_EQ(mistakes(with(runner + digest, proxy + digest, proxy)).size(), 0U);
  EXPECT_EQ(
      only(with("r.example/nitro-enc-svc/runner:0122", proxy, proxy)),
      "m.yaml:8: the image of enclave-runner is r.example/nitro-enc-svc/runner:0122, and the build summary "
      "has " +
          runner);
  EXPECT_TRUE(says(only(with(runner, runner, proxy)), "the image of egress is " + runner));
  EXPECT_TRUE(says(only(with(runner, proxy, proxy + "4")), "the image of vsock-proxy is " + proxy + "4"));
  EXPECT_EQ(mistakes({.runner = runner, .proxy = proxy}).size(), 3U);  // there are none
}

TEST(RolloutCheckTest, refuses_a_demo_ca) {
  EXPECT_TRUE(says(only({.foreign = true}), "demonstrations"));
  const auto bundle = [](const char* base64) {
    return std::string("-----BEGIN CERTIFICATE-----\n") + base64 + "\n-----END CERTIFICATE-----\n";
  };
  const std::string amazon = bundle("QW1hem9uIFJvb3QgQ0EgMQ==");  // Amazon Root CA 1
  const std::string demo = bundle("ZGVtbw==");
  EXPECT_EQ(has_foreign_authority(amazon).value(), false);
  EXPECT_EQ(has_foreign_authority(demo).value(), true);
  EXPECT_EQ(has_foreign_authority(amazon + demo).value(), true);
  for (const std::string& text : {std::string(), std::string("x"), amazon.substr(0, 50), bundle("*")})
    EXPECT_FALSE(has_foreign_authority(text).ok());
}

TEST(RolloutCheckTest, there_must_be_a_runner_and_yaml) {
  EXPECT_TRUE(says(only({.manifest = "kind: Pod\nspec: {containers: [{name: a}]}\n"}),
                   "no container enclave-runner"));
  std::vector<Container> out;
  const auto bad = read_manifests("a: b\n---\nc: d\nc: e\n", "m.yaml", out);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().position, 4U);
}

}  // namespace
}  // namespace nes::nitro_enc

#include "tools/nitro_enc/rollout_check.h"

#include <string>

#include <gtest/gtest.h>

#include "tools/nitro_enc/rollout_for_test.h"

namespace nes::nitro_enc {
namespace {

TEST(RolloutCheckTest, takes_what_fits_together) { EXPECT_EQ(only({}), "0 mistakes"); }

TEST(RolloutCheckTest, refuses_reserved_cids_and_takes_the_first_free_one) {
  const auto with = [](const std::string& cid) {
    std::string text = kManifest;
    for (int i = 0; i < 2; ++i) text = replaced(text, R"("16")", "\"" + cid + "\"");
    for (int i = 0; i < 2; ++i) text = replaced(text, "vsock:16:", "vsock:" + cid + ":");
    return mistakes({.manifest = text});
  };
  for (const char* cid : {"4", "4294967294"}) EXPECT_EQ(with(cid), 0U) << cid;
  for (const char* cid : {"0", "1", "2", "3"}) EXPECT_EQ(with(cid), 2U) << cid;
  // As part of an endpoint they are none either.
  for (const char* cid : {"4294967295", "4294967296", "x", "", "-1"}) EXPECT_EQ(with(cid), 4U) << cid;
}

TEST(RolloutCheckTest, refuses_a_sidecar_and_a_runner_that_disagree) {
  const std::string other = replaced(kManifest, R"(ENCLAVE_CID, value: "16"}
        - {name: LISTEN)",
                                     R"(ENCLAVE_CID, value: "17"}
        - {name: LISTEN)");
  EXPECT_EQ(only({.manifest = other}),
            "m.yaml:27: ENCLAVE_CID 17 is not the 16 of m.yaml:10; fix: use one number in the runner and in "
            "every sidecar");
  // The runner's counts, whichever comes first.
  const std::size_t at = other.find("kind: Pod");
  EXPECT_TRUE(says(only({.manifest = other.substr(at) + "---\n" + other.substr(0, at)}),
                   "m.yaml:6: ENCLAVE_CID 17 is not the 16 of m.yaml:18"));
}

TEST(RolloutCheckTest, the_baked_cid_is_the_parents_and_not_the_enclaves) {
  EXPECT_TRUE(
      says(only({.environment = "VSOCK_PROXY_CID=16\n"}), "VSOCK_PROXY_CID is 16, and the parent is 3"));
  EXPECT_TRUE(says(only({.environment = "A=b\n"}), "not set"));
  EXPECT_TRUE(says(only({.environment = ""}), "not set"));
  const std::string qemu = replaced(kManifest, R"(PARENT_CID, value: "3")", R"(PARENT_CID, value: "2")");
  EXPECT_TRUE(says(only({.manifest = qemu, .parent_cid = 2}), "the parent is 2"));
  EXPECT_EQ(mistakes({.manifest = qemu, .environment = "VSOCK_PROXY_CID=2\n", .parent_cid = 2}), 0U);
}

TEST(RolloutCheckTest, the_runner_takes_the_parent_for_what_it_is) {
  const std::string cid = R"(PARENT_CID, value: "3")";
  EXPECT_EQ(
      only_with(cid, R"(PARENT_CID, value: "4")"),
      "m.yaml:14: PARENT_CID is 4, and the parent is 3 as the enclave sees it; fix: set it to 3, or say "
      "another parent with --parent-cid");
  EXPECT_TRUE(says(only_with(cid, "PARENT_CID, valueFrom: {}"), "PARENT_CID is from somewhere else"));
  EXPECT_EQ(only_with(cid, "PARENT_CID"), "0 mistakes");  // the script's default
  EXPECT_TRUE(says(only({.manifest = replaced(kManifest, cid, "PARENT_CID"),
                         .environment = "VSOCK_PROXY_CID=2\n",
                         .parent_cid = 2}),
                   "PARENT_CID is 3 where it is not set, and the parent is 2"));
}

TEST(RolloutCheckTest, an_enclave_in_debug_mode_is_not_rolled_out) {
  const auto with = [](const std::string& value) {
    return only_with("- {name: PARENT_CID",
                     "- {name: ENCLAVE_DEBUG, " + value + "}\n            - {name: PARENT_CID");
  };
  EXPECT_TRUE(says(with(R"(value: "true")"), "m.yaml:14: ENCLAVE_DEBUG is true: PCRs are zero"));
  EXPECT_TRUE(says(with(R"(value: "true")"), "fix: set it to false"));
  EXPECT_TRUE(says(with("valueFrom: {}"), "neither true nor false"));
  EXPECT_TRUE(says(with(R"(value: "yes")"), "neither true nor false"));
  for (const char* value : {R"(value: "false")", R"(value: "")"})
    EXPECT_EQ(with(value), "0 mistakes") << value;
}

TEST(RolloutCheckTest, the_node_sets_enough_aside) {
  EXPECT_TRUE(says(only({.allocator = "memory_mib: 511\ncpu_count: 2\n"}), "memory_mib 511 is less"));
  EXPECT_TRUE(says(only({.allocator = "memory_mib: 512\ncpu_count: 1\n"}), "sets 1 CPUs aside"));
  EXPECT_EQ(mistakes({.allocator = "memory_mib: 513\ncpu_pool: 1,3-5\n"}), 0U);
  for (const char* text :
       {"memory_mib: 512\n", "cpu_count: 2\n", "memory_mib: x\ncpu_count: 2\n", "a: b\n", "",
        "memory_mib: 512\ncpu_count: 2\ncpu_pool: 1\n", "memory_mib: 512\ncpu_pool: 5-3\n"})
    EXPECT_FALSE(read_allocator(text, "a").ok()) << text;
}

TEST(RolloutCheckTest, image_and_summary_are_of_one_build) {
  EXPECT_TRUE(says(only({.pcr0 = std::string(96, 'b')}), "of the build summary"));
  EXPECT_EQ(mistakes({.pcr0 = std::string(96, '0')}), 2U);
  const auto described = [](const std::string& pcr0) {
    return R"({"EifVersion":4,"Measurements":{"PCR0":")" + pcr0 + R"(","PCR1":"x"}})";
  };
  EXPECT_EQ(read_pcr0(described(std::string(96, 'A'))).value(), kPcr0);
  for (const char* text :
       {"", "{}", "[]", R"({"PCR0":"a"})", R"({"Measurements":{"PCR0":1}})",
        R"({"Measurements":{"PCR0":"a","PCR0":"b"}})", R"({"Measurements":{"PCR0":"a"}} x)"})
    EXPECT_FALSE(read_pcr0(text).ok()) << text;
}

TEST(RolloutCheckTest, variables_are_read_strictly) {
  EXPECT_EQ(read_environment("A=b=c\n\nD=\nE=f").value(), (Variables{{"A", "b=c"}, {"D", ""}, {"E", "f"}}));
  EXPECT_TRUE(read_environment("").value().empty());
  for (const char* text : {"A=b\nno equals\n", "A=b\n=c", "A=b\nA=c"}) {
    const auto read = read_environment(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().position, 2U) << text;
  }
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
  EXPECT_EQ(mistakes(with(runner, proxy, proxy)), 0U);
  const std::string digest = "@sha256:" + std::string(64, 'a');
  EXPECT_EQ(mistakes(with(runner + digest, proxy + digest, proxy)), 0U);
  EXPECT_TRUE(says(
      only(with("r.example/nitro-enc-svc/runner:0122", proxy, proxy)),
      "m.yaml:8: the image of enclave-runner is r.example/nitro-enc-svc/runner:0122, and the build summary "
      "has " +
          runner));
  EXPECT_TRUE(says(only(with(runner, runner, proxy)), "the image of egress is " + runner));
  EXPECT_TRUE(says(only(with(runner, proxy, proxy + "4")), "the image of vsock-proxy is " + proxy + "4"));
  EXPECT_EQ(mistakes({.runner = runner, .proxy = proxy}), 3U);  // there are none
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

TEST(RolloutCheckTest, what_an_image_does_not_say_is_a_mistake) {
  EXPECT_EQ(only({.environment = std::nullopt, .mistakes = {{"the image", "has no file env", "build it"}}}),
            "the image: has no file env; fix: build it");
}

TEST(RolloutCheckTest, names_what_is_not_compared) {
  Rollout rollout;
  EXPECT_EQ(not_compared(rollout),
            "CID and ports in the image, its PCR0, its CA bundle, its size (--eif), PCR0 and images of the "
            "build (--summary), what the node sets aside (--allocator)");
  rollout.summary.emplace();
  rollout.allocator.emplace();
  rollout.image.environment.emplace();
  EXPECT_EQ(not_compared(rollout), "its PCR0, its CA bundle, its size (--eif)");
  rollout.image.pcr0 = kPcr0;
  rollout.image.has_foreign_ca = false;
  EXPECT_EQ(not_compared(rollout), "its size (--eif)");
  rollout.image.bytes = 1;
  EXPECT_EQ(not_compared(rollout), "");
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

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
  EXPECT_EQ(mistakes({.environment = kCid + "HEALTH_VSOCK_PORT=9000\n"}), 2U);  // sidecar and runner
  EXPECT_EQ(mistakes({.environment = kCid + "VSOCK_PROXY_PORT=8001\nVSOCK_PROXY_MODE=ports\n"}), 0U);
}

TEST(RolloutEndpointsTest, an_egress_without_a_place_listens_at_the_default) {
  const std::string text =
      replaced(kManifest, R"(args: [egress, --listen, "vsock:any:8000"])", "args: [egress]");
  EXPECT_EQ(mistakes({.manifest = text}), 0U);
  EXPECT_TRUE(says(only({.manifest = text, .environment = kCid + "VSOCK_PROXY_PORT=8001\n"}),
                   "LISTEN of egress means port 8000"));
}

}  // namespace
}  // namespace nes::nitro_enc

#include "host/vsock_proxy/options.h"

#include <map>

#include <gtest/gtest.h>

#include "host/vsock_proxy/configuration.h"

namespace nes::vsock_proxy {
namespace {

using Words = std::vector<std::string_view>;

class OptionsTest : public testing::Test {
 protected:
  std::variant<Options, UsageError> parse(const Words& words) { return Options::parse(words, environment_); }
  std::string refusal(const Words& words) {
    const auto parsed = parse(words);
    if (const auto* error = std::get_if<UsageError>(&parsed)) return error->message;
    const auto configured = configure(std::get<Options>(parsed), environment_);
    const auto* const error = std::get_if<UsageError>(&configured);
    return error == nullptr ? "" : error->message;
  }
  Configuration configured(const Words& words) {
    EXPECT_EQ(refusal(words), "");
    return std::get<Configuration>(configure(std::get<Options>(parse(words)), environment_));
  }

  std::map<std::string, std::string> variables_;
  const Options::Environment environment_ = [this](const std::string& name) {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  };
};

TEST_F(OptionsTest, ingress_is_the_default_and_needs_the_enclave_alone) {
  const Configuration configuration = configured({"--enclave-cid", "16"});
  EXPECT_EQ(os::format_endpoint(configuration.ingress.listen), "tcp:127.0.0.1:8443");
  EXPECT_EQ(os::format_endpoint(configuration.ingress.enclave), "vsock:16:443");
  EXPECT_EQ(os::format_endpoint(configuration.health), "vsock:16:8015");
  EXPECT_EQ(configuration.ingress.connect_wait_ms, 30'000);
  EXPECT_EQ(configuration.admin.port, 9901U);
  EXPECT_EQ(refusal({}), "--enclave-cid: needed, or --enclave ENDPOINT");
}

TEST_F(OptionsTest, variables_have_the_names_of_the_flags_and_the_flag_wins) {
  variables_ = {{"ENCLAVE_CID", "20"}, {"LISTEN_PORT", "9443"}, {"CONNECT_WAIT_SECS", ""}};
  EXPECT_EQ(os::format_endpoint(configured({}).ingress.enclave), "vsock:20:443");
  EXPECT_EQ(configured({}).ingress.listen.port, 9443U);
  EXPECT_EQ(configured({"--listen-port=1"}).ingress.listen.port, 1U);
  EXPECT_EQ(configured({}).ingress.connect_wait_ms, 30'000) << "an empty variable is an unset one";
}

TEST_F(OptionsTest, an_endpoint_stands_for_cid_and_port) {
  const Configuration configuration = configured({"--enclave", "uds:/run/v.sock:443"});
  EXPECT_EQ(os::format_endpoint(configuration.ingress.enclave), "uds:/run/v.sock:443");
  EXPECT_EQ(os::format_endpoint(configuration.health), "uds:/run/v.sock:8015") << "beside it";
  EXPECT_EQ(
      os::format_endpoint(configured({"--enclave", "tcp:127.0.0.1:1", "--health", "tcp:127.0.0.1:2"}).health),
      "tcp:127.0.0.1:2");
}

TEST_F(OptionsTest, egress_serves_one_cid_and_knows_its_forwards_and_maps) {
  const Configuration configuration = configured(
      {"egress", "--config", "/c.yaml", "--enclave-cid", "16", "--forward", "4317=tcp:127.0.0.1:14317",
       "--forward", "4318=tcp:collector.svc:4318", "--map", "KMS.example=tcp:127.0.0.1:9"});
  EXPECT_EQ(os::format_endpoint(configuration.egress.listen), "vsock:any:8000");
  EXPECT_EQ(configuration.egress.allowed_cid, 16U);
  ASSERT_EQ(configuration.egress.forwards.size(), 2U);
  EXPECT_EQ(configuration.egress.forwards[0].port, 4317U);
  EXPECT_TRUE(configuration.egress.forwards[0].endpoint);
  EXPECT_EQ(configuration.egress.forwards[1].place.host, "collector.svc");
  EXPECT_TRUE(configuration.egress.maps.contains("kms.example"));
  EXPECT_EQ(
      configured({"egress", "--config", "/c", "--allow-cid", "17", "--enclave-cid", "16"}).egress.allowed_cid,
      17U);
  variables_ = {{"MAP", "a.example=tcp:127.0.0.1:1,b.example=tcp:127.0.0.1:2"}};
  EXPECT_EQ(configured({"egress", "--config", "/c", "--allow-cid", "17"}).egress.maps.size(), 2U);
}

TEST_F(OptionsTest, what_cannot_be_meant_is_told_by_its_name) {
  const auto begins = [&](const Words& words, const std::string& with) {
    const std::string message = refusal(words);
    EXPECT_TRUE(message.starts_with(with)) << message;
  };
  begins({"frobnicate"}, "no command 'frobnicate'");
  begins({"--frobnicate", "1"}, "'--frobnicate' is not a flag of ingress");
  begins({"logs", "--connect-wait-secs", "1"}, "'--connect-wait-secs' is not a flag of logs");
  begins({"--listen-port"}, "--listen-port: needs a value");
  begins({"--listen-port", "1", "--listen-port", "2"}, "--listen-port: given twice");
  begins({"--enclave-cid", "16", "--listen-port", "65536"},
         "--listen-port: not a number from 0 to 65535 (got: 65536)");
  begins({"--enclave-cid", "16", "--listen-port", "-1"}, "--listen-port: not a number");
  begins({"--enclave-cid", "16", "--listen-host", "example"}, "--listen-host: not tcp:");
  for (const std::string_view cid : {"0", "1", "4294967295", "x"})
    begins({"--enclave-cid", cid}, "--enclave-cid: not a number");
  begins({"--enclave", "name:1"}, "--enclave: not tcp:");
  begins({"--enclave-cid", "16", "--log-level", "loud"}, "--log-level: not error");
  begins({"egress", "--enclave-cid", "16"}, "--config: needed");
  begins({"egress", "--config", "/c"}, "--allow-cid: needed");
  for (const std::string_view forward : {"4317", "=tcp:a:1", "0=tcp:a:1", "4317=tcp:a", "4317=tcp:a:0",
                                         "4317=udp:a:1", "4317=tcp:-a:1", "x=tcp:a:1"})
    begins({"egress", "--config", "/c", "--allow-cid", "16", "--forward", forward},
           "--forward: not PORT=tcp:HOST:PORT");
  for (const std::string_view map : {"a.example", "=tcp:127.0.0.1:1", "-=tcp:127.0.0.1:1"})
    begins({"egress", "--config", "/c", "--allow-cid", "16", "--map", map}, "--map: not HOST=ENDPOINT");
  begins({"probe", "--enclave-cid", "16", "--probe-path", "/drain"}, "--probe-path: not /readyz or /livez");
  variables_ = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://127.0.0.1/"}};
  begins({"egress", "--config", "/c", "--allow-cid", "16"},
         "--AWS_CONTAINER_CREDENTIALS_FULL_URI: not http://");
}

TEST_F(OptionsTest, the_effective_settings_are_printed) {
  variables_ = {{"ENCLAVE_CID", "16"}};
  const auto parsed = parse({"logs", "--print-config"});
  EXPECT_EQ(std::get<Options>(parsed).action(), Options::Action::kPrintConfig);
  EXPECT_EQ(std::get<Options>(parsed).print(),
            "LISTEN=vsock:any:8014\nENCLAVE_CID=16\nALLOW_CID=\nMAX_LINES_PER_SEC=2000\nLOG_LEVEL=info\n");
}

TEST_F(OptionsTest, help_names_every_flag) {
  for (const Mode mode : {Mode::kIngress, Mode::kEgress, Mode::kLogs, Mode::kProbe, Mode::kDrain})
    for (const Setting& setting : settings_of(mode))
      EXPECT_NE(usage(mode).find("--" + std::string(setting.name)), std::string::npos) << setting.name;
}

}  // namespace
}  // namespace nes::vsock_proxy

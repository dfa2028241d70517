#include "enclave/config/dev_config.h"

#include <gtest/gtest.h>

#include "enclave/config/config_testing.h"
#include "enclave/config/documentation_testing.h"

namespace nes::config {
namespace {

DevConfig parsed(const Variables& variables) {
  auto result = parse_dev(environment_of(variables));
  if (const auto* errors = std::get_if<ConfigErrors>(&result)) ADD_FAILURE() << render(*errors);
  return std::holds_alternative<DevConfig>(result) ? std::get<DevConfig>(std::move(result)) : DevConfig{};
}

void expect_line(const std::string& name, const std::string& value, const std::string& accepts) {
  const Variables variables = {{name, value}};
  const auto result = parse_dev(environment_of(variables));
  ASSERT_TRUE(std::holds_alternative<ConfigErrors>(result)) << name << "=" << value;
  EXPECT_EQ(render(std::get<ConfigErrors>(result)),
            "config: " + name + ": must be " + accepts + " (got: " + value + ")\n");
}

TEST(DevConfig, is_as_in_production_where_nothing_is_set) {
  const DevConfig config = parsed({{"DEV_LISTEN", ""}});
  EXPECT_FALSE(config.listen || config.parent || config.nsm_socket || config.aws_endpoint || config.ca_file ||
               config.key_dir || config.schema_dir);
}

TEST(DevConfig, takes_what_is_given) {
  const DevConfig config = parsed({{"DEV_LISTEN", "tcp:127.0.0.1:8443"},
                                   {"DEV_PARENT", "uds:/run/parent.vsock"},
                                   {"DEV_NSM_SOCKET", "/run/nsm.sock"},
                                   {"DEV_AWS_ENDPOINT", "https://localhost:4566/"},
                                   {"DEV_CA_FILE", "ca.pem"},
                                   {"DEV_KEY_DIR", "/keys"},
                                   {"DEV_SCHEMA_DIR", "/schemas"}});
  EXPECT_EQ(config.listen, (os::Endpoint{os::Transport::kTcp, "127.0.0.1", 0, 8443}));
  EXPECT_EQ(config.parent, (os::Endpoint{os::Transport::kUds, "/run/parent.vsock", 0, 0}));
  EXPECT_EQ(config.nsm_socket, "/run/nsm.sock");
  EXPECT_EQ(config.aws_endpoint.value().host, "localhost");
  EXPECT_EQ(config.aws_endpoint.value().port, 4566U);
  EXPECT_EQ(config.ca_file, "ca.pem");
  EXPECT_EQ(config.key_dir, "/keys");
  EXPECT_EQ(config.schema_dir, "/schemas");
}

TEST(DevConfig, listens_on_tcp_or_a_unix_socket_only) {
  EXPECT_EQ(parsed({{"DEV_LISTEN", "uds:/run/e.vsock:443"}}).listen,
            (os::Endpoint{os::Transport::kUds, "/run/e.vsock", 0, 443}));
  for (const std::string wrong : {"vsock:any:443", "vsock:3:443", "tcp:127.0.0.1", "tcp:127.0.0.1:65536",
                                  "tcp::1", "127.0.0.1:8443", "uds:/run/e.vsock"}) {
    expect_line("DEV_LISTEN", wrong, "tcp:HOST:PORT or uds:PATH:PORT");
  }
}

TEST(DevConfig, a_parent_has_no_port) {
  EXPECT_EQ(parsed({{"DEV_PARENT", "tcp:[::1]"}}).parent, (os::Endpoint{os::Transport::kTcp, "[::1]", 0, 0}));
  for (const std::string wrong : {"tcp:127.0.0.1:8000", "tcp:", "uds:", "vsock:3", "127.0.0.1"}) {
    expect_line("DEV_PARENT", wrong, "tcp:HOST or uds:PATH");
  }
}

TEST(DevConfig, the_emulator_is_a_host) {
  for (const std::string wrong :
       {"localhost:4566", "vsock://3:4566", "http://localhost:4566/aws", "http://localhost?x"}) {
    expect_line("DEV_AWS_ENDPOINT", wrong, "http://HOST[:PORT] or https://HOST[:PORT]");
  }
}

TEST(DevConfig, a_socket_path_fits_its_address) {
  EXPECT_TRUE(parsed({{"DEV_NSM_SOCKET", std::string(107, 'x')}}).nsm_socket.has_value());
  const Variables long_path = {{"DEV_NSM_SOCKET", std::string(108, 'x')}};
  EXPECT_TRUE(std::holds_alternative<ConfigErrors>(parse_dev(environment_of(long_path))));
  const Variables control = {{"DEV_KEY_DIR", "a\nb"}};
  EXPECT_EQ(
      render(std::get<ConfigErrors>(parse_dev(environment_of(control)))),
      "config: DEV_KEY_DIR: must be a path of at most 4095 bytes without control characters (got: a\\nb)\n");
}

TEST(ConfigurationPage, has_exactly_the_variables_of_development) {
  EXPECT_EQ(documented_rows("## Variables of enclave-dev"), rows_of(dev_variables()));
  for (const VariableInfo& info : dev_variables()) EXPECT_TRUE(info.name.starts_with("DEV_"));
}

}  // namespace
}  // namespace nes::config

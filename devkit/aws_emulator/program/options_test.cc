#include "devkit/aws_emulator/program/options.h"

#include <gtest/gtest.h>

namespace nes::aws_emulator {
namespace {

Result<ProgramOptions> parse(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"--listen", "tcp:127.0.0.1:0", "--state", "dir"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return parse_options(arguments);
}

TEST(Options, have_defaults_for_all_but_the_place_and_the_state) {
  const auto options = parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->listen, (os::Endpoint{.host = "127.0.0.1"}));
  EXPECT_EQ(options->state_directory, "dir");
  EXPECT_EQ(options->account, "111122223333");
  EXPECT_EQ(options->region, "us-east-1");
  EXPECT_EQ(options->credentials_lifetime_s, 21'600);
  EXPECT_FALSE(options->tls_listen);
  EXPECT_FALSE(parse_options({}).ok());
  EXPECT_FALSE(parse_options({"--listen", "tcp:127.0.0.1:0"}).ok());
  EXPECT_FALSE(parse_options({"--state", "dir"}).ok());
  EXPECT_TRUE(parse_options({"--state", "dir", "--tls-listen", "tcp:[::1]:0"}).ok());
}

TEST(Options, are_read) {
  const auto options =
      parse({"--account", "999999999999", "--region", "eu-central-1", "--faults", "f", "--clock-offset-secs",
             "-600", "--imds-role", "r", "--credentials-lifetime-secs", "2", "--attestation-unsigned",
             "--admin-access-key", "A", "--admin-secret-key-file", "s"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->account, "999999999999");
  EXPECT_EQ(options->region, "eu-central-1");
  EXPECT_EQ(options->faults_file, "f");
  EXPECT_EQ(options->clock_offset_s, -600);
  EXPECT_EQ(options->imds_role, "r");
  EXPECT_EQ(options->credentials_lifetime_s, 2);
  EXPECT_TRUE(options->attestation_unsigned);
  EXPECT_EQ(parse({"--attestation-root", "p"})->attestation_root_file, "p");
  EXPECT_TRUE(parse_options({"--help"})->help);
}

TEST(Options, are_refused_where_they_are_none) {
  const std::vector<std::vector<std::string>> rejects = {
      {"--unknown", "x"},
      {"--faults"},
      {"--faults", ""},
      {"--listen", "vsock:3:1"},
      {"--listen", "127.0.0.1:1"},
      {"--account", "11112222333"},
      {"--account", "1111222233334"},
      {"--account", "11112222333x"},
      {"--region", "EU"},
      {"--imds-role", "a/b"},
      {"--imds-role", std::string(65, 'a')},
      {"--clock-offset-secs", "1h"},
      {"--credentials-lifetime-secs", "0"},
      {"--admin-access-key", "A"},
      {"--admin-secret-key-file", "s"},
      {"--attestation-unsigned", "--attestation-root", "p"},
  };
  for (const auto& reject : rejects) EXPECT_FALSE(parse(reject).ok()) << reject[0];
  EXPECT_EQ(parse({"--region", "EU"}).error().position, 4U);
}

}  // namespace
}  // namespace nes::aws_emulator

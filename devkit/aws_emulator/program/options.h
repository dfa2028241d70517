// The command line of aws-emulator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/endpoint.h"

namespace nes::aws_emulator {

struct ProgramOptions {
  std::optional<os::Endpoint> listen;      // plain HTTP
  std::optional<os::Endpoint> tls_listen;  // one of the two at least
  std::string state_directory;
  std::string account = "111122223333";
  std::string region = "us-east-1";
  std::optional<std::string> attestation_root_file;  // PEM; nothing: AWS's
  bool attestation_unsigned = false;
  std::string faults_file;
  std::int64_t clock_offset_s = 0;
  std::string imds_role = "enclave-node";
  std::int64_t credentials_lifetime_s = 6 * 3600;
  std::string admin_access_key_id;
  std::string admin_secret_key_file;
  bool help = false;
};

// kConfig with the argument's index as position: an unknown option, one without its value, or a value that is
// none.
Result<ProgramOptions> parse_options(const std::vector<std::string>& arguments);

// For --help.
std::string_view usage() noexcept;

}  // namespace nes::aws_emulator

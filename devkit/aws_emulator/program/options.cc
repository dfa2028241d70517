#include "devkit/aws_emulator/program/options.h"

#include <algorithm>
#include <charconv>

namespace nes::aws_emulator {
namespace {

constexpr std::size_t kAccountDigits = 12;
constexpr std::size_t kRoleBytes = 64;

bool is_all_of(std::string_view text, std::string_view characters) noexcept {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool set_endpoint(const std::string& text, std::optional<os::Endpoint>& out) {
  auto endpoint = os::parse_endpoint(text);
  if (!endpoint.ok() || endpoint->transport != os::Transport::kTcp) return false;
  out = *std::move(endpoint);
  return true;
}

bool set_number(const std::string& text, std::int64_t least, std::int64_t most, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= least && out <= most;
}

bool set_text(const std::string& text, std::string& out) {
  out = text;
  return !text.empty();
}

// False for an unknown name or a value that is none.
bool set_option(std::string_view name, const std::string& value, ProgramOptions& out) {
  constexpr std::int64_t kYearS = std::int64_t{366} * 24 * 3600;
  if (name == "--listen") return set_endpoint(value, out.listen);
  if (name == "--tls-listen") return set_endpoint(value, out.tls_listen);
  if (name == "--state") return set_text(value, out.state_directory);
  if (name == "--faults") return set_text(value, out.faults_file);
  if (name == "--admin-access-key") return set_text(value, out.admin_access_key_id);
  if (name == "--admin-secret-key-file") return set_text(value, out.admin_secret_key_file);
  if (name == "--attestation-root") return set_text(value, out.attestation_root_file.emplace());
  if (name == "--clock-offset-secs") return set_number(value, -kYearS, kYearS, out.clock_offset_s);
  if (name == "--credentials-lifetime-secs") return set_number(value, 1, kYearS, out.credentials_lifetime_s);
  if (name == "--account")
    return set_text(value, out.account) && value.size() == kAccountDigits && is_all_of(value, "0123456789");
  if (name == "--region")
    return set_text(value, out.region) && is_all_of(value, "abcdefghijklmnopqrstuvwxyz0123456789-");
  if (name == "--imds-role")
    return set_text(value, out.imds_role) && value.size() <= kRoleBytes &&
           is_all_of(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-");
  return false;
}

}  // namespace

Result<ProgramOptions> parse_options(const std::vector<std::string>& arguments) {
  ProgramOptions out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--help") {
      out.help = true;
      return out;
    }
    if (name == "--attestation-unsigned") {
      out.attestation_unsigned = true;
      continue;
    }
    if (i + 1 == arguments.size())
      return Error{ErrorCode::kConfig, "an option is unknown or lacks its value", i};
    if (!set_option(name, arguments[i + 1], out))
      return Error{ErrorCode::kConfig, "an option is unknown or its value is none", i};
    ++i;
  }
  const Error incomplete{ErrorCode::kConfig, "--state and one of --listen and --tls-listen are needed", 0};
  if (out.state_directory.empty() || (!out.listen && !out.tls_listen)) return incomplete;
  if (out.attestation_unsigned && out.attestation_root_file)
    return Error{ErrorCode::kConfig, "--attestation-root and --attestation-unsigned exclude each other", 0};
  if (out.admin_access_key_id.empty() != out.admin_secret_key_file.empty())
    return Error{ErrorCode::kConfig, "--admin-access-key and --admin-secret-key-file belong together", 0};
  return out;
}

std::string_view usage() noexcept {
  return R"(usage: aws-emulator --state DIR [--listen tcp:HOST:PORT] [--tls-listen tcp:HOST:PORT] [options]

KMS, Secrets Manager, S3, STS and the instance metadata service (IMDSv2) at one address, for development and tests.
Prints `listening http ENDPOINT` and `listening https ENDPOINT`, then `ready`. Port 0 lets the kernel choose.

  --state DIR                       everything that outlives a restart: keys, secrets, sessions, ca.pem; buckets are the
                                    folders of DIR/s3; DIR/admin-credentials serves as AWS_SHARED_CREDENTIALS_FILE
  --listen, --tls-listen            where; one of them at least
  --account ID, --region NAME       111122223333, us-east-1
  --attestation-root FILE           PEM of the root that attestation documents must lead to, in place of AWS's
  --attestation-unsigned            take unsigned documents, as QEMU's NSM makes them
  --admin-access-key ID             the administrator's key, with --admin-secret-key-file FILE; otherwise one is made
  --imds-role NAME                  the role of the metadata service's credentials: enclave-node
  --credentials-lifetime-secs N     of them: 21600
  --clock-offset-secs N             the emulator's clock is that much ahead
  --faults FILE                     JSON list of what goes wrong, read again when it changes:
    {"action": A, "service": S, "operation": O, "skip": N, "times": N} strikes requests of service S (kms,
    secretsmanager, s3, sts, imds; left out: any) and operation O (such as Decrypt, GetObject, PutToken; left out: any)
    after the first `skip`, `times` of them (left out: all). The first rule that strikes counts. A is
      throttle                         error with "status": N and "type": "Name"
      delay with "delay_ms": N         drop: the connection ends in mid-answer
      truncate: the body ends early    huge with "bytes": N, an object of that size
      plaintext, other_key: KMS answers with a Plaintext, or with the KeyId of another key
      skew with "seconds": N           expire_credentials: every session of the role so far is over
)";
}

}  // namespace nes::aws_emulator

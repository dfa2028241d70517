// aws-emulator: the services of AWS that the project uses, at one address, for development and tests alone.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "attest/trust_root.h"
#include "base/clock.h"
#include "base/limits.h"
#include "devkit/aws_emulator/certificate.h"
#include "devkit/aws_emulator/clock.h"
#include "devkit/aws_emulator/emulator.h"
#include "devkit/aws_emulator/files.h"
#include "devkit/aws_emulator/kms/kms.h"
#include "devkit/aws_emulator/principals.h"
#include "devkit/aws_emulator/program/options.h"
#include "devkit/aws_emulator/secrets_manager.h"
#include "devkit/aws_emulator/server.h"
#include "tls/server.h"

namespace nes::aws_emulator {
namespace {

int fail(const char* step, const Error& error) {
  const std::string_view reason = error.reason.view();
  std::fprintf(stderr, "aws-emulator: %s: %.*s (%s, %llu)\n", step, static_cast<int>(reason.size()),
               reason.data(), base::error_code_name(error.code),
               static_cast<unsigned long long>(error.position));
  return 1;
}

Result<Principals> open_principals(const ProgramOptions& options, Store& store, const Clock& clock) {
  Principals::Options out{.account = options.account,
                          .role_name = options.imds_role,
                          .session_lifetime_ms = options.credentials_lifetime_s * 1000,
                          .admin_access_key_id = options.admin_access_key_id};
  if (!options.admin_secret_key_file.empty()) {
    NES_TRY_ASSIGN(const auto text, read_file(options.admin_secret_key_file, limits::kConfigValueBytes));
    if (!text) return Error{ErrorCode::kConfig, "the file of the administrator's secret key is not there"};
    out.admin_secret_access_key = text->substr(0, text->find_first_of("\r\n"));
  }
  return Principals::open(store, clock, std::move(out));
}

// Whom KMS believes.
Result<attest::TrustRoot> open_root(const ProgramOptions& options) {
  if (options.attestation_unsigned) return attest::TrustRoot::unsigned_development();
  if (!options.attestation_root_file) return attest::TrustRoot(attest::TrustRoot::aws_nitro());
  NES_TRY_ASSIGN(const auto pem, read_file(*options.attestation_root_file, limits::kCaBundleBytes));
  if (!pem) return Error{ErrorCode::kConfig, "the file of the attestation root is not there"};
  return attest::TrustRoot::from_pem(*pem);
}

Result<std::shared_ptr<const tls::ServerContext>> open_tls(const ProgramOptions& options,
                                                           std::int64_t unix_ms) {
  NES_TRY_ASSIGN(const auto identity, server_identity(options.state_directory, options.region, unix_ms));
  NES_TRY_ASSIGN(const auto tickets, tls::TicketKey::create());
  return tls::ServerContext::create(identity, tickets, {.min_version = tls::Version::kTls12});
}

Result<std::unique_ptr<Server>> listen(const char* scheme, const os::Endpoint& at,
                                       std::shared_ptr<const tls::ServerContext> tls, const Clock& clock,
                                       const Handler& handler) {
  NES_TRY_ASSIGN(std::unique_ptr<Server> server, Server::start(at, std::move(tls), clock, handler));
  std::printf("listening %s %s\n", scheme, os::format_endpoint(server->endpoint()).c_str());
  return server;
}

// Blocked before any thread is made, so that all of them leave these to sigwait().
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int run(const ProgramOptions& options) {
  const sigset_t signals = block_signals();
  const base::SystemClock system_clock;
  AdjustedClock clock(system_clock, options.clock_offset_s * 1000);
  auto store = Store::open(options.state_directory);
  if (!store.ok()) return fail("state", store.error());
  auto principals = open_principals(options, *store, clock);
  if (!principals.ok()) return fail("principals", principals.error());
  auto secrets = SecretsManager::open(*store, clock, {options.account, options.region});
  if (!secrets.ok()) return fail("secrets manager", secrets.error());
  auto s3 = S3::open(options.state_directory, options.account, options.region);
  if (!s3.ok()) return fail("s3", s3.error());
  auto root = open_root(options);
  if (!root.ok()) return fail("attestation root", root.error());
  // The fault `skew` sets AWS apart from the caller. Whoever signs documents shares KMS's time, as a
  // hypervisor does.
  const AdjustedClock attestation_clock(system_clock, options.clock_offset_s * 1000);
  auto kms =
      Kms::open(*store, attestation_clock,
                {.account = options.account, .region = options.region, .root = std::move(root).value()});
  if (!kms.ok()) return fail("kms", kms.error());
  Emulator emulator(clock, *principals, *kms, *secrets, std::move(s3).value(),
                    {options.account, options.region, options.faults_file});

  const Handler handler = [&emulator](const Request& request) { return emulator.handle(request); };
  std::vector<std::unique_ptr<Server>> servers;
  if (options.listen) {
    auto server = listen("http", *options.listen, nullptr, system_clock, handler);
    if (!server.ok()) return fail("listen", server.error());
    servers.push_back(std::move(server).value());
  }
  if (options.tls_listen) {
    auto tls = open_tls(options, system_clock.unix_ms());
    if (!tls.ok()) return fail("certificate", tls.error());
    auto server = listen("https", *options.tls_listen, *tls, system_clock, handler);
    if (!server.ok()) return fail("tls-listen", server.error());
    servers.push_back(std::move(server).value());
  }
  std::puts("ready");
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace
}  // namespace nes::aws_emulator

int main(int argc, char** argv) {
  const auto options = nes::aws_emulator::parse_options({argv + 1, argv + argc});
  if (!options.ok()) {
    const std::string_view reason = options.error().reason.view();
    std::fprintf(stderr, "aws-emulator: argument %llu: %.*s; see --help\n",
                 static_cast<unsigned long long>(options.error().position) + 1,
                 static_cast<int>(reason.size()), reason.data());
    return 2;
  }
  if (options->help) {
    std::fputs(std::string(nes::aws_emulator::usage()).c_str(), stdout);
    return 0;
  }
  return nes::aws_emulator::run(*options);
}

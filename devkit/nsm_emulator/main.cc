// nsm-emulator: a Nitro Secure Module on a Unix socket, for development.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "devkit/nsm_emulator/pcr_file.h"
#include "devkit/nsm_emulator/socket_server.h"

namespace {

using nes::Result;
namespace emulator = nes::nsm_emulator;

constexpr const char* kHelp =
    R"(nsm-emulator: a Nitro Secure Module for development: PCRs, random bytes, attestation documents.

  nsm-emulator --socket PATH --pcrs FILE --state DIR [--clock-offset-secs N]
      Serves PATH until SIGTERM, and prints `ready` once it does. FILE holds the PCRs as nitro-cli prints them. The
      root of its documents is DIR/root.pem, made at the first start with its key beside it.
  nsm-emulator measure PROGRAM
      Prints PCRs for a program that is in no image: PCR0 = SHA384(48 zero bytes || SHA384(PROGRAM)), and PCR1 and
      PCR2 over two fixed texts.

A message on the socket is its length (u32, big-endian) and the CBOR that /dev/nsm carries.
)";

int fail(const std::string& what) {
  std::fprintf(stderr, "nsm-emulator: %s\n", what.c_str());
  return 1;
}

int misuse() {
  std::fputs(
      "usage: nsm-emulator --socket PATH --pcrs FILE --state DIR [--clock-offset-secs N] | measure PROGRAM\n",
      stderr);
  return 2;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Writes `path` whole, unless it is there already: of two that start at once the first wins.
bool write_once(const std::string& path, std::string_view text, mode_t mode) {
  const std::string temporary = path + "." + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return false;
  bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ok = ::close(fd) == 0 && ok;
  ok = ok && (::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(temporary.c_str());
  return ok;
}

// The root of DIR, made if there is none yet, and certificates of now below it.
Result<emulator::Chain> chain_of(const std::string& directory, std::int64_t unix_ms) {
  ::mkdir(directory.c_str(), 0700);
  const std::string secret_path = directory + "/root-key.pem", root_path = directory + "/root.pem";
  if (!read_file(secret_path)) {
    NES_TRY_ASSIGN(const emulator::Chain made, emulator::Chain::make(emulator::usual_plans(unix_ms)));
    if (!write_once(secret_path, made.root_and_key_pem(), 0600))
      return nes::Error{nes::ErrorCode::kIo, "root-key.pem cannot be written"};
  }
  const auto secret = read_file(secret_path);
  if (!secret) return nes::Error{nes::ErrorCode::kIo, "root-key.pem cannot be read"};
  NES_TRY_ASSIGN(emulator::Chain chain, emulator::Chain::from_root(*secret, unix_ms));
  if (!write_once(root_path, chain.root_pem(), 0644))
    return nes::Error{nes::ErrorCode::kIo, "root.pem cannot be written"};
  if (read_file(root_path) != chain.root_pem())
    return nes::Error{nes::ErrorCode::kIo, "root.pem is not the root of root-key.pem: remove it"};
  return chain;
}

class OffsetClock final : public nes::Clock {
 public:
  explicit OffsetClock(std::int64_t offset_s) noexcept : offset_ms_(offset_s * 1000) {}
  std::int64_t monotonic_ms() const noexcept override { return system_.monotonic_ms(); }
  std::int64_t unix_ms() const noexcept override { return system_.unix_ms() + offset_ms_; }

 private:
  nes::base::SystemClock system_;
  std::int64_t offset_ms_;
};

int measure(const std::string& path) {
  const auto program = read_file(path);
  if (!program) return fail("cannot read " + path);
  const auto pcrs = emulator::measure(nes::as_bytes(*program));
  if (!pcrs.ok()) return fail(std::string(pcrs.error().reason.view()));
  std::fputs(emulator::format_pcrs(*pcrs).c_str(), stdout);
  return 0;
}

int serve(const std::map<std::string, std::string>& options) {
  std::int64_t offset_s = 0;
  if (const auto found = options.find("--clock-offset-secs"); found != options.end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset_s);
    if (error != std::errc() || end != text.data() + text.size()) return misuse();
  }
  const auto text = read_file(options.at("--pcrs"));
  if (!text) return fail("cannot read " + options.at("--pcrs"));
  const auto pcrs = emulator::parse_pcrs(*text);
  if (!pcrs.ok()) return fail(options.at("--pcrs") + ": " + std::string(pcrs.error().reason.view()));
  const OffsetClock clock(offset_s);
  auto chain = chain_of(options.at("--state"), clock.unix_ms());
  if (!chain.ok()) return fail(options.at("--state") + ": " + std::string(chain.error().reason.view()));
  emulator::Module module(std::move(chain).value(), *pcrs, clock);
  const auto served = emulator::serve(options.at("--socket"), module, [] {
    std::puts("ready");
    std::fflush(stdout);
  });
  if (served.ok()) return 0;
  const auto number = static_cast<int>(served.error().position);
  return fail(options.at("--socket") + ": " +
              (number != 0 ? std::strerror(number) : std::string(served.error().reason.view())));
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (argc == 3 && std::string_view(argv[1]) == "measure") return measure(argv[2]);
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const bool known =
        name == "--socket" || name == "--pcrs" || name == "--state" || name == "--clock-offset-secs";
    if (!known || !options.emplace(name, argv[i + 1]).second) return misuse();
  }
  if (argc % 2 == 0) return misuse();
  for (const char* required : {"--socket", "--pcrs", "--state"})
    if (!options.contains(required)) return misuse();
  return serve(options);
}

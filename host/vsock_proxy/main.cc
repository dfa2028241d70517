// vsock-proxy: carries bytes between the node and the enclave, and what the enclave asks for out of the node.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/vsock_proxy/programs.h"

namespace {

using nes::vsock_proxy::Mode;
using nes::vsock_proxy::Options;
using nes::vsock_proxy::UsageError;

constexpr int kUsageStatus = 2;

int refuse(const UsageError& error) {
  std::fprintf(stderr, "vsock-proxy: %s\n", error.message.c_str());
  return kUsageStatus;
}

int print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  auto parsed = Options::parse(words, variable);
  if (const auto* const error = std::get_if<UsageError>(&parsed)) return refuse(*error);
  const Options& options = *std::get_if<Options>(&parsed);
  if (options.action() == Options::Action::kHelp) return print(nes::vsock_proxy::usage(options.mode()));
  if (options.action() == Options::Action::kVersion) return print("vsock-proxy " NES_VERSION "\n");
  // Before anything is judged: it is there to find out what is wrong.
  if (options.action() == Options::Action::kPrintConfig) return print(options.print());

  auto configured = nes::vsock_proxy::configure(options, variable);
  if (const auto* const error = std::get_if<UsageError>(&configured)) return refuse(*error);
  const auto& configuration = *std::get_if<nes::vsock_proxy::Configuration>(&configured);
  nes::vsock_proxy::AllowList list;
  if (options.mode() == Mode::kEgress) {
    auto read = nes::vsock_proxy::read_allow_list_file(configuration.allow_list_file);
    if (const auto* const error = std::get_if<UsageError>(&read)) return refuse(*error);
    list = std::move(*std::get_if<nes::vsock_proxy::AllowList>(&read));
  }
  if (options.action() == Options::Action::kCheckConfig) return print("the configuration is good\n");

  const sigset_t signals = nes::vsock_proxy::block_signals();
  switch (options.mode()) {
    case Mode::kIngress: return run_ingress(configuration, signals);
    case Mode::kEgress: return run_egress(configuration, std::move(list), signals);
    case Mode::kLogs: return run_logs(configuration, signals);
    case Mode::kProbe: return run_probe(configuration);
    case Mode::kDrain: return run_drain(configuration);
  }
  return 1;
}

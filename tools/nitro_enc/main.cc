// nitro-enc: the operator's command line.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "base/clock.h"
#include "crypto/initialize.h"
#include "tools/nitro_enc/commands.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a broken pipe is an error like any other
  const nes::base::SystemClock clock;
  nes::nitro_enc::Context context{
      std::cout, std::cerr, clock, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
      }};
  if (const auto ready = nes::crypto::initialize(); !ready.ok())
    return static_cast<int>(context.refuse("libgcrypt", ready.error()));
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  const auto commands = nes::nitro_enc::all_commands();
  const auto status = nes::nitro_enc::run(commands, words, context);
  std::cout.flush();
  if (!std::cout) return static_cast<int>(context.refuse("the output cannot be written"));
  return static_cast<int>(status);
}

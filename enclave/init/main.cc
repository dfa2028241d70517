// enclave-init: PID 1. Runs the steps, then the program, and reboots, which ends an enclave.
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "enclave/init/program.h"
#include "enclave/init/steps.h"

namespace {

// Not a clean end in any case: whoever waits for the enclave sees that it is gone.
[[noreturn]] void end() {
  ::sync();
  ::reboot(RB_AUTOBOOT);
  for (;;) ::pause();
}

void report_end(int status) {
  char text[64];
  if (WIFSIGNALED(status))
    std::snprintf(text, sizeof text, "ended by signal %d", WTERMSIG(status));
  else
    std::snprintf(text, sizeof text, "ended with status %d", WEXITSTATUS(status));
  nes::init::report("program", text);
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    std::fputs("enclave-init: runs as PID 1 of an enclave image\n", stderr);
    return 2;
  }
  nes::init::Boot boot;
  for (const nes::init::Step& step : nes::init::steps()) {
    const auto done = step.run(boot);
    if (done.ok()) continue;
    nes::init::report(step.name, done.error());
    if (step.failure == nes::init::Failure::kReboots) end();
  }
  boot.nsm.reset();
  const auto status = nes::init::run_program(boot);
  if (status.ok())
    report_end(*status);
  else
    nes::init::report("program", status.error());
  end();
}

// What happens between the kernel and the image's program, as data: names in order, and what each does.
//
// Thread rule: PID 1 has one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/nsm.h"
#include "base/error.h"
#include "base/result.h"
#include "enclave/init/image_files.h"

namespace nes::init {

// What earlier steps leave to later ones.
struct Boot {
  std::unique_ptr<attest::Nsm> nsm{};
  std::vector<std::string> command{};
  std::vector<std::string> environment{};
  std::optional<User> user{};  // none: the program stays root
  std::string directory = "/";
};

enum class Failure : bool {
  kReboots,  // the enclave is not what it should be
  kIsReported,
};

struct Step {
  std::string_view name;
  Result<void> (*run)(Boot& boot);
  Failure failure = Failure::kReboots;
};

// In their order. The last one leaves a machine in which run_program() (program.h) can be called.
std::span<const Step> steps();

// Writes `enclave-init: NAME: what` to the console.
void report(std::string_view name, std::string_view what);
void report(std::string_view name, const Error& error);

}  // namespace nes::init

// What a rollout is made of besides its manifests, read from files: the node's allocator, and the image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::nitro_enc {

struct Mistake {
  std::string where;  // FILE:LINE, or what it is about
  std::string what;
  std::string fix;
};

struct Allocator {
  std::string where;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::uint64_t> cpus;  // cpu_count, or how many cpu_pool names
};

using Variables = std::map<std::string, std::string, std::less<>>;

// The image, as far as is known.
struct ImageFacts {
  std::optional<std::uint64_t> bytes;
  std::optional<std::string> pcr0;  // lower case
  std::optional<Variables> environment;
  std::optional<bool> has_foreign_ca;
  std::vector<Mistake> mistakes;  // why an EIF does not say one of these
};

// allocator.yaml. kMalformed for what nitro-enclaves-allocator would not take.
Result<Allocator> read_allocator(std::string_view text, const std::string& path);

// Measurements.PCR0 of what nitro-cli describe-eif or build-enclave prints, in lower case. kMalformed.
Result<std::string> read_pcr0(std::string_view json);

// Variables, one KEY=VALUE a line, empty lines aside. kMalformed, also for a variable that is there twice:
// enclave-init does not start such an image.
Result<Variables> read_environment(std::string_view text);

// Whether a bundle of PEM certificates has one that is not of Amazon Trust Services, going by the names in
// it. kMalformed if there is no certificate in it.
Result<bool> has_foreign_authority(std::string_view pem);

}  // namespace nes::nitro_enc

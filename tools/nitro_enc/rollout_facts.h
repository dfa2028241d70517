// What a rollout is made of, read from its files: manifests, the node's allocator, and facts of the image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::nitro_enc {

struct Setting {
  std::optional<std::string> value;  // nothing: from somewhere else (valueFrom)
  std::string where;                 // FILE:LINE
};

struct Container {
  std::string name;
  std::string image;
  std::string where;
  std::map<std::string, Setting, std::less<>> environment{};
  std::vector<std::string> words{};                         // command and args
  std::map<std::string, Setting, std::less<>> hugepages{};  // of the limits: hugepages-2Mi -> 512Mi

  // The value of a variable; `otherwise` if it is not there, nothing if it is from somewhere else.
  std::optional<std::string> variable(std::string_view variable_name, std::string_view otherwise = "") const;
};

struct Allocator {
  std::string where;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::uint64_t> cpus;  // cpu_count, or how many cpu_pool names
};

// The image, as far as is known.
struct ImageFacts {
  std::optional<std::uint64_t> bytes;
  std::optional<std::string> measured_pcr0;  // lower case
  std::optional<std::map<std::string, std::string, std::less<>>> environment;
};

// Appends the containers of all workloads among the YAML documents of `text`, the file `path`. An Error's
// position is a line of the file; kLimit beyond the limits of schema::read_yaml().
Result<void> read_manifests(std::string_view text, const std::string& path, std::vector<Container>& out);

// allocator.yaml. kMalformed for what nitro-enclaves-allocator would not take.
Result<Allocator> read_allocator(std::string_view text, const std::string& path);

// The one place where facts of an EIF come in: `described` is the JSON of nitro-cli describe-eif or
// build-enclave; `environment` the image's, one KEY=VALUE a line. Empty texts are not there. kMalformed.
Result<ImageFacts> read_image_facts(std::string_view described, std::string_view environment);

// Whether a bundle of PEM certificates has one that is not of Amazon Trust Services, going by the names in
// it. kMalformed if there is no certificate in it.
Result<bool> has_foreign_authority(std::string_view pem);

}  // namespace nes::nitro_enc

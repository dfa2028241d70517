// `nitro-enc rollout-check`: whether manifests, nodes, image and policy fit together before they meet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/policy_inputs.h"
#include "tools/nitro_enc/rollout_facts.h"
#include "tools/nitro_enc/rollout_manifest.h"

namespace nes::nitro_enc {

struct Rollout {
  std::vector<Container> containers;
  std::optional<Allocator> allocator{};
  ImageFacts image{};
  std::optional<BuildSummary> summary{};
  std::uint64_t parent_cid = 3;  // as the enclave sees the parent; 2 under QEMU
};

// Everything that does not fit, in the order of the manifests. What is not there is not compared, but there
// must be a runner.
std::vector<Mistake> find_mistakes(const Rollout& rollout);

// What is not compared, as one line; empty if all of it is.
std::string not_compared(const Rollout& rollout);

Status check_rollout(const Arguments& arguments, Context& context);

}  // namespace nes::nitro_enc

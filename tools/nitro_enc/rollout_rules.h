// The rules of rollout-check, a group a file, and what they share. For rollout_*.cc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/nitro_enc/rollout_check.h"

namespace nes::nitro_enc {

inline constexpr std::uint64_t kLastCid = 0xFFFFFFFF;

struct Findings {
  const Rollout& rollout;
  std::optional<std::uint64_t> cid;  // ENCLAVE_CID, the runner's if it has a number
  std::string cid_where;
  std::vector<Mistake> mistakes{};

  void add(std::string where, std::string what, std::string fix) {
    mistakes.push_back({std::move(where), std::move(what), std::move(fix)});
  }
  // A variable of the image, which must be known; `otherwise` if it is not set.
  std::string baked(std::string_view name, std::string_view otherwise) const;
  // A number from the manifest itself; nothing after a mistake.
  std::optional<std::uint64_t> number(const Container& container, std::string_view name);
};

// CIDs and ports by which the parts of a node find each other (rollout_endpoints.cc).
void check_endpoints(const Container& container, Findings& findings);

// Memory of the enclave, its hugepages, and those of the node (rollout_memory.cc).
void check_memory(const Container& runner, Findings& findings);

}  // namespace nes::nitro_enc

// How much memory an enclave needs for its image.
#pragma once

#include <algorithm>
#include <cstdint>

namespace nes::eif {

// In MiB: what nitro-cli asks for, four times the file and at least 64 MiB, in pages of 2 MiB.
constexpr std::uint64_t memory_needed_mib(std::uint64_t file_bytes) noexcept {
  constexpr std::uint64_t kPageBytes = std::uint64_t{2} << 20;
  constexpr std::uint64_t kMinPages = 32;
  return 2 * std::max(kMinPages, (4 * file_bytes + kPageBytes - 1) / kPageBytes);
}

}  // namespace nes::eif

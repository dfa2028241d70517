// Counters. The list is closed; each thread counts in a shard of its own, so that counting is one relaxed add
// on a cache line that nobody else writes, and a total is the sum over the shards.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>

namespace nes::telemetry {

enum class Counter : std::uint8_t {
  kConnectionsAccepted,
  kConnectionsClosed,
  kConnectionsRefused,  // over MAX_CONNECTIONS
  kHandshakesFailed,
  kHandshakesResumed,
  kRequests,
  kRequestsFailed,  // answered with 4xx or 5xx
  kEncryptRequests,
  kDecryptRequests,
  kRewrapRequests,
  kFieldsSealed,
  kFieldsOpened,
  kTokensRejected,
  kTimeouts,
  kDekRotations,
  kKeyRefreshFailures,
  kSchemaRefreshes,
  kSchemaRefreshFailures,
};
inline constexpr std::size_t kCounters = static_cast<std::size_t>(Counter::kSchemaRefreshFailures) + 1;

// As exported: lower case with underscores, such as "enclave_fields_sealed".
std::string_view counter_name(Counter counter) noexcept;

class CounterShard {
 public:
  // From the shard's own thread.
  void add(Counter counter, std::uint64_t n = 1) noexcept {
    auto& cell = cells_[static_cast<std::size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // From any thread.
  std::uint64_t value(Counter counter) const noexcept {
    return cells_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  alignas(64) std::array<std::atomic<std::uint64_t>, kCounters> cells_{};
};

// Thread rule: any thread. Shards live as long as the registry.
class CounterRegistry {
 public:
  // One a thread.
  CounterShard& add_shard();
  std::uint64_t total(Counter counter) const;

 private:
  mutable std::mutex mutex_;
  std::deque<CounterShard> shards_;
};

}  // namespace nes::telemetry

// Counters and histograms. The lists are closed; each thread counts in a shard of its own, so that counting
// is one relaxed add on a cache line that nobody else writes, and a total is the sum over the shards.
#pragma once

#include <array>
#include <atomic>
#include <bit>
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
  kRequestsFailed,   // answered with 4xx or 5xx
  kRequestsErrored,  // of these, with 5xx
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
  kAttestations,
  kAttestationFailures,
  kSpansDropped,
  kLogRecordsDropped,
  kMetricPointsDropped,
  kExportsFailed,
};
inline constexpr std::size_t kCounters = static_cast<std::size_t>(Counter::kExportsFailed) + 1;

// Of durations. Each is described by histogram_info().
enum class Histogram : std::uint8_t {
  kEncryptLatency,
  kDecryptLatency,
  kRewrapLatency,
  kHandshake,
  kKms,
  kPhaseTls,
  kPhaseParse,
  kPhasePlan,
  kPhaseSeal,
  kPhaseWrite,
};
inline constexpr std::size_t kHistograms = static_cast<std::size_t>(Histogram::kPhaseWrite) + 1;

// As exported: lower case with underscores, such as "enclave_fields_sealed", and what it counts.
struct MetricInfo {
  std::string_view name;
  std::string_view description;
  std::string_view unit;        // UCUM
  std::string_view label = {};  // the value of the attribute `phase`
};
MetricInfo counter_info(Counter counter) noexcept;
MetricInfo histogram_info(Histogram histogram) noexcept;  // its unit is "us" or "ms"

// Two buckets an octave, from 4 microseconds to 16.8 seconds: a quantile is off by a fifth at most. Bucket i
// counts what is above bound i - 1 and not above bound i; the last one has no upper bound.
inline constexpr std::size_t kBounds = 45;
inline constexpr std::size_t kBuckets = kBounds + 1;
constexpr std::uint64_t bound_us(std::size_t i) noexcept { return (2 + i % 2) << (1 + i / 2); }
constexpr std::size_t bucket_of(std::uint64_t us) noexcept {
  if (us <= bound_us(0)) return 0;
  const std::uint64_t below = us - 1;
  const unsigned octave = static_cast<unsigned>(std::bit_width(below)) - 1;
  const std::size_t bucket = 2 * (octave - 2) + (below >> (octave - 1) & 1) + 1;
  return bucket < kBounds ? bucket : kBounds;
}

struct HistogramTotals {
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t sum_us = 0;
};

class CounterShard {
 public:
  // From the shard's own thread.
  void add(Counter counter, std::uint64_t n = 1) noexcept {
    increase(cells_[static_cast<std::size_t>(counter)], n);
  }
  void observe(Histogram histogram, std::int64_t us) noexcept {
    const std::uint64_t value = us > 0 ? static_cast<std::uint64_t>(us) : 0;
    Cells& cells = histograms_[static_cast<std::size_t>(histogram)];
    increase(cells.counts[bucket_of(value)], 1);
    increase(cells.sum_us, value);
  }
  // For a shard that several threads share: all of them have to use it.
  void add_shared(Counter counter, std::uint64_t n = 1) noexcept {
    cells_[static_cast<std::size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
  }
  // From any thread.
  std::uint64_t value(Counter counter) const noexcept {
    return cells_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }
  void add_to(HistogramTotals& totals, Histogram histogram) const noexcept;

 private:
  using Cell = std::atomic<std::uint64_t>;
  struct Cells {
    std::array<Cell, kBuckets> counts{};
    Cell sum_us{};
  };
  static void increase(Cell& cell, std::uint64_t n) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  alignas(64) std::array<Cell, kCounters> cells_{};
  alignas(64) std::array<Cells, kHistograms> histograms_{};
};

// Thread rule: any thread. Shards live as long as the registry.
class CounterRegistry {
 public:
  // One a thread.
  CounterShard& add_shard();
  std::uint64_t total(Counter counter) const;
  HistogramTotals total(Histogram histogram) const;

 private:
  mutable std::mutex mutex_;
  std::deque<CounterShard> shards_;
};

}  // namespace nes::telemetry

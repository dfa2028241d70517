// Spans: one a request, kept in a ring of its thread until they are exported. Recording one is a copy; where
// there is no room it is dropped and counted.
//
// W3C Trace Context (Recommendation, level 1): `traceparent` is honoured, `tracestate` is not read.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace nes::telemetry {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct TraceParent {
  TraceId trace_id{};
  SpanId span_id{};
  bool sampled = false;

  friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

// The value of a traceparent header; nothing for one that is to be ignored (section 3.2).
std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept;

// Which requests are traced.
struct Sampling {
  bool enabled = false;
  bool parent_based = true;
  double ratio = 1;  // of those without a parent, or of all

  // The same for every span of a trace.
  bool takes(const TraceId& id, const std::optional<TraceParent>& parent) const noexcept;
};

// Everything in it is of the program or its operators, but for the ids of the parent.
struct Span {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_id{};
  bool has_parent = false;
  std::int64_t begin_us = 0;  // on the monotonic clock
  std::int64_t end_us = 0;
  std::string_view method = {};  // literals
  std::string_view route = {};
  std::string_view protocol = {};
  std::string_view error = {};  // an error's code; empty for none
  int status = 0;
  std::uint64_t fields = 0;
  std::uint8_t schema_size = 0;
  std::array<char, limits::kSpanSchemaBytes> schema_text{};

  void set_schema(std::string_view name) noexcept;
  std::string_view schema() const noexcept { return {schema_text.data(), schema_size}; }
};

// One thread writes, one reads.
class SpanShard {
 public:
  explicit SpanShard(std::size_t max_spans) : ring_(max_spans) {}

  // From the shard's thread. Null if the ring is full. Otherwise a place, to be filled before publish().
  Span* claim() noexcept;
  void publish() noexcept {
    written_.store(written_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  friend class SpanRegistry;
  std::vector<Span> ring_;
  alignas(64) std::atomic<std::uint64_t> written_{0};
  alignas(64) std::atomic<std::uint64_t> read_{0};
};

// Thread rule: add_shard() and size() from any thread; take() from one.
class SpanRegistry {
 public:
  explicit SpanRegistry(std::size_t max_spans_per_shard) noexcept : max_spans_(max_spans_per_shard) {}

  // One a thread. It lives as long as the registry.
  SpanShard& add_shard();
  std::size_t size() const;
  // `max` spans at most, of all shards.
  std::vector<Span> take(std::size_t max);

 private:
  const std::size_t max_spans_;
  mutable std::mutex mutex_;
  std::deque<SpanShard> shards_;
  std::size_t next_ = 0;  // the shard that is asked first
};

}  // namespace nes::telemetry

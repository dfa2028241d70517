#include "telemetry/span.h"

#include <algorithm>

namespace nes::telemetry {
namespace {

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;  // section 3.2.2: lower case alone
  return -1;
}

// False unless `text` is lower-case hex.
bool read_hex(std::string_view text, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_value(text[i]), low = digit_value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& id) noexcept {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept {
  constexpr std::size_t kSize = 55;  // 00-<32>-<16>-<2>
  std::uint8_t version = 0, flags = 0;
  TraceParent parent;
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
      !read_hex(text.substr(0, 2), &version) || !read_hex(text.substr(3, 32), parent.trace_id.data()) ||
      !read_hex(text.substr(36, 16), parent.span_id.data()) || !read_hex(text.substr(53, 2), &flags))
    return std::nullopt;
  // Section 3.2.4: a later version begins as this one does.
  const bool ends = text.size() == kSize || (version != 0 && text[kSize] == '-');
  if (version == 0xff || !ends || is_zero(parent.trace_id) || is_zero(parent.span_id)) return std::nullopt;
  parent.sampled = (flags & 1) != 0;
  return parent;
}

bool Sampling::takes(const TraceId& id, const std::optional<TraceParent>& parent) const noexcept {
  if (!enabled) return false;
  if (parent_based && parent) return parent->sampled;
  if (ratio >= 1) return true;
  // The ids' last seven bytes are random (Trace Context, level 2).
  std::uint64_t value = 0;
  for (std::size_t i = 9; i < id.size(); ++i) value = value << 8 | id[i];
  return static_cast<double>(value) < ratio * static_cast<double>(std::uint64_t{1} << 56);
}

void Span::set_schema(std::string_view name) noexcept {
  schema_size = static_cast<std::uint8_t>(std::min(name.size(), schema_text.size()));
  std::copy_n(name.data(), schema_size, schema_text.data());
}

Span* SpanShard::claim() noexcept {
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  if (written - read_.load(std::memory_order_acquire) >= ring_.size()) return nullptr;
  return &ring_[written % ring_.size()];
}

SpanShard& SpanRegistry::add_shard() {
  const std::lock_guard lock(mutex_);
  return shards_.emplace_back(max_spans_);
}

std::size_t SpanRegistry::size() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const SpanShard& shard : shards_) {
    const std::uint64_t read = shard.read_.load(std::memory_order_relaxed);
    sum += shard.written_.load(std::memory_order_relaxed) - read;
  }
  return static_cast<std::size_t>(sum);
}

std::vector<Span> SpanRegistry::take(std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<Span> taken;
  for (std::size_t i = 0; i < shards_.size() && taken.size() < max; ++i) {
    SpanShard& shard = shards_[(next_ + i) % shards_.size()];
    std::uint64_t read = shard.read_.load(std::memory_order_relaxed);
    const std::uint64_t written = shard.written_.load(std::memory_order_acquire);
    for (; read != written && taken.size() < max; ++read)
      taken.push_back(shard.ring_[read % shard.ring_.size()]);
    shard.read_.store(read, std::memory_order_release);
  }
  if (!shards_.empty()) next_ = (next_ + 1) % shards_.size();
  return taken;
}

}  // namespace nes::telemetry

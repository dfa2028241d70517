#include "host/vsock_proxy/log_lines.h"

#include <charconv>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

// Own lines have the form of the enclave's, and an event that no enclave writes.
std::string own_line(std::string_view event, std::string_view field, std::uint64_t count) {
  std::string line = "{\"level\":\"warn\",\"event\":\"";
  line.append(event).append("\",\"").append(field).append("\":").append(std::to_string(count)).append("}");
  return line;
}

std::optional<std::uint64_t> sequence_of(std::string_view line) noexcept {
  constexpr std::string_view kBegin = "{\"seq\":";
  if (!line.starts_with(kBegin)) return {};
  line.remove_prefix(kBegin.size());
  std::uint64_t seq = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seq);
  const bool is_number =
      error == std::errc() && end != line.data() + line.size() && (*end == ',' || *end == '}');
  return is_number ? std::optional(seq) : std::nullopt;
}

}  // namespace

bool LineRate::take(std::int64_t now_ms, std::uint64_t& dropped) noexcept {
  dropped = 0;
  if (const std::int64_t second = now_ms / 1000; second != second_) {
    second_ = second;
    printed_ = 0;
    dropped = dropped_;
    dropped_ = 0;
  }
  if (per_second_ != 0 && printed_ == per_second_) {
    ++dropped_;
    return false;
  }
  ++printed_;
  return true;
}

void LogLines::feed(std::string_view data, std::int64_t now_ms) {
  for (const char c : data) {
    if (c == '\n') {
      line_done(now_ms);
    } else if (line_.size() < limits::kForwardedLineBytes) {
      const auto byte = static_cast<unsigned char>(c);
      line_.push_back(byte < 0x20 || byte == 0x7F ? '?' : c);
    } else {
      cut_ = true;
    }
  }
}

void LogLines::finish(std::int64_t now_ms) {
  if (!line_.empty()) line_done(now_ms);
}

void LogLines::line_done(std::int64_t now_ms) {
  check_sequence();
  std::uint64_t dropped = 0;
  const bool may = rate_.take(now_ms, dropped);
  if (dropped != 0) print_(own_line("log_lines_dropped", "count", dropped));
  if (may) print_(cut_ ? line_ + "…" : line_);
  line_.clear();
  cut_ = false;
}

// A stream begins wherever it begins: only what is missing within it is a gap. Numbers that fall are a new
// boot's.
void LogLines::check_sequence() {
  const auto seq = sequence_of(line_);
  if (!seq) return;
  if (last_seq_ && *seq > *last_seq_ + 1) print_(own_line("log_gap", "missing", *seq - *last_seq_ - 1));
  last_seq_ = seq;
}

}  // namespace nes::vsock_proxy

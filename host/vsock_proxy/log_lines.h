// The enclave's log stream on its way to standard output: cut into lines, bounded in length and in rate, and
// without bytes that could steer a terminal. Lines carry the enclave's sequence number at their beginning
// (`{"seq":12,…`): a number that is missing is told by a line of this program's own.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nes::vsock_proxy {

// Lines a second over all streams; those over it are counted and told once the second is over.
class LineRate {
 public:
  // `per_second` 0: no bound.
  explicit LineRate(std::uint64_t per_second) noexcept : per_second_(per_second) {}

  // Whether a line may be printed now. `dropped` is how many were not in seconds before, to be told first;
  // else 0.
  bool take(std::int64_t now_ms, std::uint64_t& dropped) noexcept;

 private:
  const std::uint64_t per_second_;
  std::int64_t second_ = -1;
  std::uint64_t printed_ = 0;
  std::uint64_t dropped_ = 0;
};

class LogLines {
 public:
  using Print = std::function<void(std::string_view line)>;  // without its LF

  // The references must outlive it.
  LogLines(LineRate& rate, Print print) noexcept : rate_(rate), print_(std::move(print)) {}

  void feed(std::string_view data, std::int64_t now_ms);
  // The stream has ended: prints what is left of a last line.
  void finish(std::int64_t now_ms);

 private:
  void line_done(std::int64_t now_ms);
  void check_sequence();

  LineRate& rate_;
  const Print print_;
  std::string line_;
  bool cut_ = false;
  std::optional<std::uint64_t> last_seq_;
};

}  // namespace nes::vsock_proxy

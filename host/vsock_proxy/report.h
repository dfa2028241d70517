// The proxy's own log: one JSON object a line on standard error. It names hosts and ports and causes, never a
// byte of what is carried.
//
// Thread rule: one line is one write(2); any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace nes::vsock_proxy {

enum class Level : std::uint8_t { kError, kWarn, kInfo, kDebug };

// error, warn, info or debug; false for anything else.
bool parse_level(std::string_view text, Level& level) noexcept;

class Report {
 public:
  explicit Report(Level most) noexcept : most_(most) {}

  void write(Level level, std::string_view event,
             std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) const;

 private:
  const Level most_;
};

}  // namespace nes::vsock_proxy

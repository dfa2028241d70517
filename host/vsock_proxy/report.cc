#include "host/vsock_proxy/report.h"

#include <unistd.h>

#include <iterator>
#include <string>

#include "base/clock.h"
#include "base/json_text.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::string_view kLevels[] = {"error", "warn", "info", "debug"};

}  // namespace

bool parse_level(std::string_view text, Level& level) noexcept {
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    if (kLevels[i] != text) continue;
    level = static_cast<Level>(i);
    return true;
  }
  return false;
}

void Report::write(Level level, std::string_view event,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const {
  if (level > most_) return;
  std::string line = "{\"time\":\"" + base::format_rfc3339(base::SystemClock().unix_ms()) + "\",\"level\":\"";
  line.append(kLevels[static_cast<std::size_t>(level)]).append("\",\"event\":\"").append(event).append("\"");
  for (const auto& [name, value] : fields) {
    line.append(",\"").append(name).append("\":");
    base::append_quoted(line, value);
  }
  line += "}\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());  // there is nobody to tell
}

}  // namespace nes::vsock_proxy

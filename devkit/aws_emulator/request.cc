#include "devkit/aws_emulator/request.h"

#include "http/request_head.h"

namespace nes::aws_emulator {

std::string_view Request::header(std::string_view name) const noexcept {
  std::string_view found;
  bool is_found = false;
  for (const auto& [have, value] : headers) {
    if (!http::equals_ignore_case(have, name)) continue;
    if (is_found) return {};
    found = value;
    is_found = true;
  }
  return found;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const noexcept {
  for (const auto& [have, value] : query)
    if (have == name) return std::string_view(value);
  return std::nullopt;
}

}  // namespace nes::aws_emulator

#include "enclave/service/batch_slice.h"

#include <algorithm>

#include "http/response.h"
#include "json/locate.h"

namespace nes::service {
namespace {

// Plans `$error` at the top and nothing else.
class ErrorMember {
 public:
  static constexpr json::PlanState kTop = 1, kFound = 2;
  json::PlanState member(json::PlanState state, std::string_view key) const noexcept {
    return state == kTop && key == "$error" ? kFound : json::kNothingPlanned;
  }
  json::PlanState element(json::PlanState /*state*/, std::size_t /*index*/) const noexcept {
    return json::kNothingPlanned;
  }
  json::RuleIndex rule(json::PlanState state) const noexcept { return state == kFound ? 0 : json::kNoRule; }
  bool names(json::PlanState /*state*/, std::string_view /*key*/) const noexcept { return true; }
};

}  // namespace

bool is_blank_line(std::string_view line) noexcept {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

bool has_error_member(std::string_view document) {
  // Only these two can spell it, and few documents have either.
  if (document.find("$error") == std::string_view::npos && document.find("\\u") == std::string_view::npos)
    return false;
  std::vector<json::Located> located;
  const auto checked =
      json::locate(document, json::Shape::kDocument, ErrorMember(), ErrorMember::kTop, located);
  return checked.ok() && !located.empty();
}

void append_line_error(std::string& out, ErrorCode code, std::uint64_t line) {
  out += R"({"$error":{"code":")";
  out += http::public_code(code);
  out += R"(","line":)";
  out += std::to_string(line);
  out += "}}";
}

}  // namespace nes::service

#include "devkit/aws_emulator/faults.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "aws/json_fields.h"
#include "base/limits.h"
#include "devkit/aws_emulator/files.h"

namespace nes::aws_emulator {
namespace {

struct Named {
  std::string_view name;
  FaultAction action;
};
constexpr Named kActions[] = {
    {"throttle", FaultAction::kThrottle},   {"error", FaultAction::kError},
    {"delay", FaultAction::kDelay},         {"drop", FaultAction::kDrop},
    {"truncate", FaultAction::kTruncate},   {"huge", FaultAction::kHuge},
    {"plaintext", FaultAction::kPlaintext}, {"other_key", FaultAction::kOtherKey},
    {"skew", FaultAction::kSkew},           {"expire_credentials", FaultAction::kExpireCredentials},
};

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

// The integer `name` of a rule, which has it exactly if `is_needed`.
Result<std::int64_t> integer(const aws::JsonFields& fields, std::string_view name, bool is_needed,
                             std::int64_t least, std::int64_t most) {
  const std::string_view text = fields.scalar(name);
  if (text.empty() != !is_needed)
    return malformed("a fault lacks a number, or has one that its action does not take");
  std::int64_t value = 0;
  if (!is_needed) return value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return malformed("a number of a fault is out of range");
  return value;
}

// An error's type goes into a header.
bool is_type(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  });
}

Result<FaultAction> parse_action(const aws::JsonFields& fields) {
  NES_TRY_ASSIGN(const std::string_view name, fields.string("action"));
  for (const Named& known : kActions)
    if (known.name == name) return known.action;
  return malformed("a fault has an unknown action");
}

Result<Fault> parse_fault(const aws::JsonFields& fields) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kYearS = std::int64_t{366} * 24 * 3600;
  Fault out;
  NES_TRY_ASSIGN(out.action, parse_action(fields));
  NES_TRY_ASSIGN(const auto service, fields.optional_string("service"));
  NES_TRY_ASSIGN(const auto operation, fields.optional_string("operation"));
  NES_TRY_ASSIGN(const auto type, fields.optional_string("type"));
  out.service = service.value_or("");
  out.operation = operation.value_or("");
  out.type = type.value_or("");
  const bool is_error = out.action == FaultAction::kError;
  if (type.has_value() != is_error || (is_error && !is_type(out.type)))
    return malformed("the action error, and no other, has a type");

  const bool has_skip = !fields.scalar("skip").empty();
  const bool has_times = !fields.scalar("times").empty();
  NES_TRY_ASSIGN(const std::int64_t skip, integer(fields, "skip", has_skip, 0, kMost));
  NES_TRY_ASSIGN(const std::int64_t times, integer(fields, "times", has_times, 1, kMost));
  out.skip = static_cast<std::uint64_t>(skip);
  if (has_times) out.times = static_cast<std::uint64_t>(times);
  NES_TRY_ASSIGN(const std::int64_t status, integer(fields, "status", is_error, 400, 599));
  out.status = static_cast<int>(status);
  NES_TRY_ASSIGN(out.delay_ms,
                 integer(fields, "delay_ms", out.action == FaultAction::kDelay, 0, limits::kEmulatorDelayMs));
  NES_TRY_ASSIGN(const std::int64_t bytes,
                 integer(fields, "bytes", out.action == FaultAction::kHuge, 0, kMost));
  out.bytes = static_cast<std::uint64_t>(bytes);
  NES_TRY_ASSIGN(out.seconds, integer(fields, "seconds", out.action == FaultAction::kSkew, -kYearS, kYearS));
  return out;
}

bool is_same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

bool is_for(const Fault& fault, std::string_view service, std::string_view operation) {
  return (fault.service.empty() || fault.service == service) &&
         (fault.operation.empty() || fault.operation == operation);
}

}  // namespace

Result<std::vector<Fault>> parse_faults(std::string_view json) {
  // The reader of answers takes objects alone.
  NES_TRY_ASSIGN(const aws::JsonFields fields,
                 aws::JsonFields::parse("{\"faults\":" + std::string(json) + "}"));
  NES_TRY_ASSIGN(const auto items, fields.optional_objects("faults"));
  if (items.size() > limits::kEmulatorFaults) return Error{ErrorCode::kLimit, "too many faults"};
  std::vector<Fault> out;
  for (const aws::JsonFields* item : items) {
    auto fault = parse_fault(*item);
    if (!fault.ok()) return Error{fault.error().code, fault.error().reason, out.size()};
    out.push_back(std::move(*fault));
  }
  return out;
}

Result<void> Faults::refresh() {
  struct stat status {};
  const bool is_there = !path_.empty() && ::stat(path_.c_str(), &status) == 0;
  if (is_there && is_same_file(status, status_)) return failure_ ? Result<void>(*failure_) : Result<void>();
  status_ = status;
  rules_.clear();
  failure_.reset();
  if (!is_there) return {};
  const auto text = read_file(path_, limits::kEmulatorFaultsBytes);
  auto rules = text.ok() ? parse_faults(text->value_or("[]")) : Result<std::vector<Fault>>(text.error());
  if (rules.ok())
    rules_ = std::move(*rules);
  else
    failure_ = rules.error();
  return failure_ ? Result<void>(*failure_) : Result<void>();
}

Result<std::optional<Fault>> Faults::strike(std::string_view service, std::string_view operation) {
  NES_TRY(refresh());
  for (Fault& fault : rules_) {
    if (!is_for(fault, service, operation) || fault.times == 0) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.times) --*fault.times;
    return std::optional(fault);
  }
  return std::optional<Fault>();
}

}  // namespace nes::aws_emulator

#include "devkit/aws_emulator/kms/answers.h"

#include <algorithm>
#include <charconv>

namespace nes::aws_emulator {

Answer succeed(const JsonObject& object) {
  return {200, {{"content-type", "application/x-amz-json-1.1"}}, object.finish()};
}

Answer succeed_empty() { return {200, {{"content-type", "application/x-amz-json-1.1"}}, {}}; }

Answer validation_error(std::string_view message) { return json_error(400, "ValidationException", message); }

Answer not_found(std::string_view message) { return json_error(400, "NotFoundException", message); }

std::optional<Answer> refuse_pending(const StoredKey& key, std::string_view key_arn) {
  if (key.state != KeyState::kPendingDeletion) return std::nullopt;
  return json_error(400, "KMSInvalidStateException", std::string(key_arn) + " is pending deletion.");
}

std::optional<Answer> refuse_unusable(const StoredKey& key, std::string_view key_arn) {
  if (auto pending = refuse_pending(key, key_arn)) return pending;
  if (key.state == KeyState::kEnabled) return std::nullopt;
  return json_error(400, "DisabledException", std::string(key_arn) + " is disabled.");
}

// A marker is the index of the page's first item.
std::optional<Answer> add_page(const KmsParameters& parameters, std::string_view name,
                               const std::vector<std::string>& items, JsonObject& out) {
  constexpr std::int64_t kDefaultItems = 100;
  constexpr std::int64_t kMostItems = 1000;
  const std::int64_t limit = parameters.limit.value_or(kDefaultItems);
  if (limit < 1 || limit > kMostItems) return validation_error("Limit must be between 1 and 1000.");
  std::size_t first = 0;
  const std::string marker = parameters.marker.value_or("0");
  const auto [end, error] = std::from_chars(marker.data(), marker.data() + marker.size(), first);
  if (error != std::errc() || end != marker.data() + marker.size() || first > items.size())
    return json_error(400, "InvalidMarkerException", "The marker is invalid.");
  const std::size_t count = std::min(items.size() - first, static_cast<std::size_t>(limit));
  out.list(name, std::span(items).subspan(first, count));
  const bool truncated = first + count < items.size();
  if (truncated) out.text("NextMarker", std::to_string(first + count));
  out.flag("Truncated", truncated);
  return std::nullopt;
}

}  // namespace nes::aws_emulator

#include "tools/nitro_enc/staging.h"

#include <algorithm>

#include "base/clock.h"

namespace nes::nitro_enc {
namespace {

bool is_kept_label(std::string_view label) noexcept { return label.starts_with(kKeptPrefix); }

std::string too_many(std::size_t labels) {
  return "the secret's versions would have " + std::to_string(labels) + " labels, more than " +
         std::to_string(kMostLabels) + ": retire old versions first";
}

// Adds the move that labels `version` NES-…, unless it is labelled so. The first second from `unix_ms`
// backwards whose label is free is taken: a label that is on another version would be moved off it.
void keep(const Version& version, const Versions& versions, std::int64_t unix_ms, Plan& plan) {
  constexpr std::int64_t kSecondMs = 1000;
  if (version.is_kept()) return;
  const auto is_taken = [&](const std::string& label) {
    return find_labelled(versions, label) != nullptr ||
           std::ranges::any_of(plan.moves, [&](const Move& move) { return move.label == label; });
  };
  std::string label = kept_label(unix_ms);
  while (is_taken(label)) {
    unix_ms -= kSecondMs;
    label = kept_label(unix_ms);
  }
  plan.moves.push_back({std::move(label), "", version.id});
  ++plan.labels;
}

}  // namespace

bool Version::has(std::string_view label) const noexcept {
  return std::ranges::find(labels, label) != labels.end();
}

bool Version::is_kept() const noexcept { return std::ranges::any_of(labels, is_kept_label); }

const Version* find_labelled(const Versions& versions, std::string_view label) noexcept {
  const auto found =
      std::ranges::find_if(versions, [label](const Version& version) { return version.has(label); });
  return found == versions.end() ? nullptr : &*found;
}

std::size_t count_labels(const Versions& versions) noexcept {
  std::size_t count = 0;
  for (const Version& version : versions) count += version.labels.size();
  return count;
}

std::string kept_label(std::int64_t unix_ms) {
  std::string label(kKeptPrefix);
  const std::string time = base::format_rfc3339(unix_ms);
  for (const char c : time.substr(0, time.find('.')))
    if (c != '-' && c != ':') label += c;
  return label + "Z";
}

Planned plan_rotate(const Versions& versions, std::int64_t now_unix_ms) {
  const Version* current = find_labelled(versions, kCurrent);
  if (current == nullptr) return Refusal{"no version is in use (AWSCURRENT): dek create makes the first"};
  const Version* pending = find_labelled(versions, kPending);
  if (pending != nullptr && pending != current)
    return Refusal{"version " + pending->id + " is AWSPENDING and not promoted yet"};
  Plan plan{.labels = count_labels(versions)};
  keep(*current, versions, now_unix_ms, plan);
  if (pending == current) {
    plan.moves.push_back({std::string(kPending), current->id, ""});
    --plan.labels;
  }
  ++plan.labels;  // AWSPENDING of the new version
  const std::size_t later = find_labelled(versions, kPrevious) == nullptr ? 1 : 0;
  if (plan.labels + later > kMostLabels) return Refusal{too_many(plan.labels + later)};
  return plan;
}

Planned plan_promote(const Versions& versions, std::int64_t now_unix_ms, std::int64_t refresh_interval_ms) {
  constexpr std::int64_t kSecondMs = 1000;
  const Version* pending = find_labelled(versions, kPending);
  const Version* current = find_labelled(versions, kCurrent);
  if (pending == nullptr) return Refusal{"no version is staged (AWSPENDING): dek rotate stages one"};
  if (current == nullptr) return Refusal{"no version is in use (AWSCURRENT)"};
  const Move unstage{std::string(kPending), pending->id, ""};
  if (pending == current) return Plan{{unstage}, count_labels(versions) - 1};
  if (!pending->created_unix_ms) return Refusal{"the age of the version under AWSPENDING is not known"};
  const std::int64_t age_ms = now_unix_ms - *pending->created_unix_ms;
  if (age_ms < refresh_interval_ms) {
    const std::int64_t left = (refresh_interval_ms - age_ms + kSecondMs - 1) / kSecondMs;
    return Refusal{"version " + pending->id + " is too young: enclaves may not have loaded it; in " +
                   std::to_string(left) + " s it is old enough"};
  }
  const Version* previous = find_labelled(versions, kPrevious);
  Plan plan{.labels = count_labels(versions)};
  keep(*current, versions, now_unix_ms, plan);
  if (previous != nullptr && previous != current && previous != pending)
    keep(*previous, versions, now_unix_ms - kSecondMs, plan);
  plan.moves.push_back({std::string(kCurrent), current->id, pending->id});
  if (previous == nullptr) ++plan.labels;
  if (plan.labels > kMostLabels) return Refusal{too_many(plan.labels)};
  plan.moves.push_back(unstage);
  --plan.labels;
  return plan;
}

const Version* find_version(const Versions& versions, std::string_view which) noexcept {
  const auto found = std::ranges::find(versions, which, &Version::id);
  if (found != versions.end()) return &*found;
  return is_kept_label(which) ? find_labelled(versions, which) : nullptr;
}

Planned plan_retire(const Versions& versions, std::string_view which) {
  const Version* version = find_version(versions, which);
  if (version == nullptr) return Refusal{"the secret has no version of this id or NES- label"};
  for (const std::string_view label : {kCurrent, kPending})
    if (version->has(label)) return Refusal{"version " + version->id + " is " + std::string(label)};
  Plan plan{.labels = count_labels(versions)};
  for (const std::string& label : version->labels)
    if (label == kPrevious || is_kept_label(label)) plan.moves.push_back({label, version->id, ""});
  if (plan.moves.empty()) return Refusal{"version " + version->id + " is retired already"};
  plan.labels -= plan.moves.size();
  return plan;
}

std::string_view state_of(const Version& version) noexcept {
  if (version.has(kCurrent)) return "seals";
  if (version.has(kPending)) return "pending";
  return version.has(kPrevious) || version.is_kept() ? "opens" : "retired";
}

}  // namespace nes::nitro_enc

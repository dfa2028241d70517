// Which staging labels of the secret move where: the rules of CONTRACTS section 6 as functions of what the
// secret's versions are labelled now. No I/O; what they return is carried out by dek_commands.
//
// One rule stands above all: no version loses its last label, but by retire. Secrets Manager deletes versions
// without labels, and what was sealed under such a key could never be opened again.
//
// Thread rule: functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nes::nitro_enc {

inline constexpr std::string_view kCurrent = "AWSCURRENT";
inline constexpr std::string_view kPrevious = "AWSPREVIOUS";
inline constexpr std::string_view kPending = "AWSPENDING";
inline constexpr std::string_view kKeptPrefix = "NES-";

inline constexpr std::size_t kMostLabels = 20;  // over all versions of a secret; AWS's quota
inline constexpr std::size_t kManyLabels = 15;  // from here on rotate warns

struct Version {
  std::string id;
  std::vector<std::string> labels;
  std::optional<std::int64_t> created_unix_ms{};

  bool has(std::string_view label) const noexcept;
  bool is_kept() const noexcept;  // has a label NES-…
};
using Versions = std::vector<Version>;

// The version with `label`; null if there is none. A label is on one version at a time.
const Version* find_labelled(const Versions& versions, std::string_view label) noexcept;
std::size_t count_labels(const Versions& versions) noexcept;

// UpdateSecretVersionStage: an empty `from` or `to` is none.
struct Move {
  std::string label;
  std::string from;
  std::string to;

  friend bool operator==(const Move&, const Move&) = default;
};

// Moves to be made in this order. Each of them alone leaves a secret that works, so that whatever is
// interrupted can be asked for again.
struct Plan {
  std::vector<Move> moves{};
  std::size_t labels = 0;  // over all versions, once all is done
};
struct Refusal {
  std::string why;
};
using Planned = std::variant<Plan, Refusal>;

// NES-20260102T030405Z.
std::string kept_label(std::int64_t unix_ms);

// What rotate does before a new version is put under AWSPENDING: labels the version in use, unless it is
// labelled NES- already, and takes an AWSPENDING that has been promoted off it. `labels` counts the new
// version's, and the AWSPREVIOUS that promote will need if there is none yet.
// Refused: no AWSCURRENT; an AWSPENDING on another version; more than kMostLabels.
Planned plan_rotate(const Versions& versions, std::int64_t now_unix_ms);

// AWSCURRENT to the version under AWSPENDING (Secrets Manager then moves AWSPREVIOUS itself), and AWSPENDING
// off it. What would lose its last label so is labelled NES- first. An interrupted promotion is completed.
// Refused: no AWSPENDING; no AWSCURRENT; the version under AWSPENDING is younger than
// `refresh_interval_ms`, from the future, or of unknown age, since enclaves that have not loaded it yet could
// not open what others seal with it; more than kMostLabels.
Planned plan_promote(const Versions& versions, std::int64_t now_unix_ms, std::int64_t refresh_interval_ms);

// The labels NES-… and AWSPREVIOUS off a version, named by its id or by one of its NES- labels. Refused: no
// such version; one under AWSCURRENT or AWSPENDING; one that has no such labels.
Planned plan_retire(const Versions& versions, std::string_view which);

// The version that `which` names, by id or NES- label; null.
const Version* find_version(const Versions& versions, std::string_view which) noexcept;

// "seals", "pending", "opens", or "retired".
std::string_view state_of(const Version& version) noexcept;

}  // namespace nes::nitro_enc

// What Secrets Manager keeps: secrets, their versions, and the labels on them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws_emulator {

inline constexpr std::string_view kCurrent = "AWSCURRENT";
inline constexpr std::string_view kPrevious = "AWSPREVIOUS";

// Exactly one of them.
struct StoredValue {
  std::optional<Bytes> binary{};
  std::optional<std::string> text{};
  friend bool operator==(const StoredValue&, const StoredValue&) = default;
};

struct StoredVersion {
  std::string id;
  std::int64_t created_ms = 0;
  std::vector<std::string> stages{};  // none: deprecated
  StoredValue value{};
};

struct StoredSecret {
  std::string name;
  std::string arn;
  std::string description{};
  std::string kms_key_id{};  // empty: the account's default key
  std::int64_t created_ms = 0;
  std::int64_t changed_ms = 0;
  std::optional<std::int64_t> deleted_at_ms{};  // when it will be gone
  std::vector<StoredVersion> versions{};        // in the order of creation

  StoredVersion* version(std::string_view id);
  const StoredVersion* version(std::string_view id) const;
  // The version that has this label; null if none has.
  StoredVersion* labelled(std::string_view stage);
  const StoredVersion* labelled(std::string_view stage) const;
  std::size_t label_count() const;

  // Takes the label from the version that has it, and gives it to `to`, which may be null. Where AWSCURRENT
  // moves from one version to another, AWSPREVIOUS follows to the first.
  void move_label(std::string_view stage, StoredVersion* to);
};

using Secrets = std::map<std::string, StoredSecret>;  // by name

std::string write_secrets(const Secrets& secrets);
// kMalformed if `text` is not what write_secrets() made.
Result<Secrets> read_secrets(std::string_view text);

}  // namespace nes::aws_emulator

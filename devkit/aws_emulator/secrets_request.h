// The parameters of Secrets Manager's operations: those that are understood, of all operations together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "devkit/aws_emulator/secrets_state.h"

namespace nes::aws_emulator {

struct SecretsRequest {
  std::optional<std::string> secret_id;
  std::optional<std::string> name;
  std::optional<std::string> client_request_token;
  std::optional<std::string> description;
  std::optional<std::string> kms_key_id;
  std::optional<std::string> version_id;
  std::optional<std::string> version_stage;
  std::optional<std::string> remove_from_version_id;
  std::optional<std::string> move_to_version_id;
  std::optional<std::string> next_token;
  StoredValue value;  // SecretBinary and SecretString
  std::optional<std::vector<std::string>> version_stages;
  std::optional<std::int64_t> max_results;
  std::optional<std::int64_t> recovery_window_days;
  bool include_deprecated = false;
  bool include_planned_deletion = false;
  bool force_delete = false;
  std::vector<std::string> name_prefixes;  // Filters with Key `name`
  bool has_other_filters = false;
};

// kMalformed if `body` is no JSON object or has a parameter of another type. Unknown parameters are ignored.
Result<SecretsRequest> parse_secrets_request(std::string_view body);

}  // namespace nes::aws_emulator

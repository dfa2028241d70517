#include "devkit/aws_emulator/secrets_request.h"

#include <charconv>

#include "aws/json_fields.h"

namespace nes::aws_emulator {
namespace {

Result<std::optional<std::int64_t>> integer(const aws::JsonFields& fields, std::string_view name) {
  const std::string_view text = fields.scalar(name);
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{ErrorCode::kMalformed, "a parameter is no integer"};
  return std::optional(value);
}

Result<void> parse_texts(const aws::JsonFields& fields, SecretsRequest& out) {
  const struct {
    std::string_view name;
    std::optional<std::string>& value;
  } texts[] = {
      {"SecretId", out.secret_id},
      {"Name", out.name},
      {"ClientRequestToken", out.client_request_token},
      {"Description", out.description},
      {"KmsKeyId", out.kms_key_id},
      {"VersionId", out.version_id},
      {"VersionStage", out.version_stage},
      {"RemoveFromVersionId", out.remove_from_version_id},
      {"MoveToVersionId", out.move_to_version_id},
      {"NextToken", out.next_token},
      {"SecretString", out.value.text},
  };
  for (const auto& [name, value] : texts) {
    NES_TRY_ASSIGN(const auto text, fields.optional_string(name));
    if (text) value = std::string(*text);
  }
  return {};
}

Result<void> parse_filters(const aws::JsonFields& fields, SecretsRequest& out) {
  NES_TRY_ASSIGN(const auto filters, fields.optional_objects("Filters"));
  for (const aws::JsonFields* filter : filters) {
    NES_TRY_ASSIGN(const std::string_view key, filter->string("Key"));
    NES_TRY_ASSIGN(const std::vector<std::string> values, filter->optional_strings("Values"));
    if (key == "name")
      out.name_prefixes.insert(out.name_prefixes.end(), values.begin(), values.end());
    else
      out.has_other_filters = true;
  }
  return {};
}

}  // namespace

Result<SecretsRequest> parse_secrets_request(std::string_view body) {
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(body));
  SecretsRequest out;
  NES_TRY(parse_texts(fields, out));
  NES_TRY(parse_filters(fields, out));
  NES_TRY_ASSIGN(out.value.binary, fields.optional_base64("SecretBinary"));
  NES_TRY_ASSIGN(std::vector<std::string> stages, fields.optional_strings("VersionStages"));
  if (!stages.empty()) out.version_stages = std::move(stages);
  NES_TRY_ASSIGN(out.max_results, integer(fields, "MaxResults"));
  NES_TRY_ASSIGN(out.recovery_window_days, integer(fields, "RecoveryWindowInDays"));
  out.include_deprecated = fields.scalar("IncludeDeprecated") == "true";
  out.include_planned_deletion = fields.scalar("IncludePlannedDeletion") == "true";
  out.force_delete = fields.scalar("ForceDeleteWithoutRecovery") == "true";
  return out;
}

}  // namespace nes::aws_emulator

#include "aws/secrets_manager.h"

#include "base/json_text.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

// The members of a request's object, one after another.
class Body {
 public:
  Body& text(std::string_view name, std::string_view value) {
    begin(name);
    base::append_quoted(out_, value);
    return *this;
  }
  // Left out if it is empty.
  Body& optional_text(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  Body& texts(std::string_view name, const std::vector<std::string>& values) {
    begin(name);
    char separator = '[';
    for (const std::string& value : values) {
      out_ += separator;
      separator = ',';
      base::append_quoted(out_, value);
    }
    out_ += values.empty() ? "[]" : "]";
    return *this;
  }
  Body& flag(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
    return *this;
  }
  std::string finish() { return out_ + "}"; }

 private:
  void begin(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    base::append_quoted(out_, name);
    out_ += ':';
  }
  std::string out_ = "{";
};

Result<std::string> version_id_of(const JsonFields& fields) {
  NES_TRY_ASSIGN(const std::string_view id, fields.string("VersionId"));
  if (id.empty()) return Error{ErrorCode::kMalformed, "a version without an id"};
  return std::string(id);
}

}  // namespace

Result<JsonFields> SecretsManager::call(std::string_view operation, std::string body) {
  return client_.call_json(Service::kSecretsManager, "secretsmanager." + std::string(operation),
                           std::move(body));
}

Result<SecretValue> SecretsManager::get(std::string_view secret_id, const VersionSelector& version) {
  const bool by_id = version.by == VersionSelector::By::kId;
  Body body;
  body.text("SecretId", secret_id).text(by_id ? "VersionId" : "VersionStage", version.value);
  NES_TRY_ASSIGN(const JsonFields fields, call("GetSecretValue", body.finish()));
  SecretValue value;
  NES_TRY_ASSIGN(value.version_id, version_id_of(fields));
  if (by_id && value.version_id != version.value)
    return Error{ErrorCode::kMalformed, "Secrets Manager answered with another version"};
  NES_TRY_ASSIGN(value.stages, fields.optional_strings("VersionStages"));
  NES_TRY_ASSIGN(value.binary, fields.optional_base64("SecretBinary"));
  NES_TRY_ASSIGN(const auto text, fields.optional_string("SecretString"));
  if (text) value.text = std::string(*text);
  if (value.binary.has_value() == value.text.has_value())
    return Error{ErrorCode::kMalformed, "a secret's value is not either binary or text"};
  return value;
}

Result<std::vector<SecretVersion>> SecretsManager::list_versions(std::string_view secret_id) {
  std::vector<SecretVersion> versions;
  std::string next;
  for (std::size_t page = 0; page < limits::kAwsPages; ++page) {
    Body body;
    body.text("SecretId", secret_id).flag("IncludeDeprecated", true).optional_text("NextToken", next);
    NES_TRY_ASSIGN(const JsonFields fields, call("ListSecretVersionIds", body.finish()));
    NES_TRY_ASSIGN(const auto items, fields.optional_objects("Versions"));
    for (const JsonFields* item : items) {
      SecretVersion version;
      NES_TRY_ASSIGN(version.version_id, version_id_of(*item));
      NES_TRY_ASSIGN(version.stages, item->optional_strings("VersionStages"));
      version.created = item->scalar("CreatedDate");
      versions.push_back(std::move(version));
    }
    NES_TRY_ASSIGN(const auto token, fields.optional_string("NextToken"));
    if (!token || token->empty()) return versions;
    next = *token;
  }
  return Error{ErrorCode::kLimit, "a secret has more versions than the limit"};
}

Result<SecretDescription> SecretsManager::describe(std::string_view secret_id) {
  NES_TRY_ASSIGN(const JsonFields fields,
                 call("DescribeSecret", Body().text("SecretId", secret_id).finish()));
  SecretDescription description;
  NES_TRY_ASSIGN(const std::string_view arn, fields.string("ARN"));
  description.arn = arn;
  NES_TRY_ASSIGN(const auto key_id, fields.optional_string("KmsKeyId"));
  description.kms_key_id = key_id.value_or("");
  description.deletion_pending = !fields.scalar("DeletedDate").empty();
  NES_TRY_ASSIGN(description.stages, fields.optional_string_lists("VersionIdsToStages"));
  return description;
}

Result<std::string> SecretsManager::create(std::string_view name, ByteView binary, std::string_view token) {
  Body body;
  body.text("Name", name).text("SecretBinary", base::base64_encode(binary)).text("ClientRequestToken", token);
  NES_TRY_ASSIGN(const JsonFields fields, call("CreateSecret", body.finish()));
  return version_id_of(fields);
}

Result<std::string> SecretsManager::create_empty(std::string_view name) {
  NES_TRY_ASSIGN(const JsonFields fields, call("CreateSecret", Body().text("Name", name).finish()));
  NES_TRY_ASSIGN(const std::string_view arn, fields.string("ARN"));
  if (arn.empty()) return Error{ErrorCode::kMalformed, "a secret without an ARN"};
  return std::string(arn);
}

Result<std::string> SecretsManager::put(std::string_view secret_id, ByteView binary,
                                        const std::vector<std::string>& stages, std::string_view token) {
  Body body;
  body.text("SecretId", secret_id)
      .text("SecretBinary", base::base64_encode(binary))
      .texts("VersionStages", stages)
      .text("ClientRequestToken", token);
  NES_TRY_ASSIGN(const JsonFields fields, call("PutSecretValue", body.finish()));
  return version_id_of(fields);
}

Result<void> SecretsManager::move_stage(std::string_view secret_id, std::string_view stage,
                                        std::string_view from, std::string_view to) {
  Body body;
  body.text("SecretId", secret_id)
      .text("VersionStage", stage)
      .optional_text("RemoveFromVersionId", from)
      .optional_text("MoveToVersionId", to);
  NES_TRY(call("UpdateSecretVersionStage", body.finish()));
  return {};
}

}  // namespace nes::aws

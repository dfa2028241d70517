#include "devkit/aws_emulator/secrets_manager.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/random_text.h"

namespace nes::aws_emulator {
namespace {

// "AWS Secrets Manager quotas" and the API reference.
constexpr std::size_t kNameBytes = 512;
constexpr std::size_t kTokenMinBytes = 32;
constexpr std::size_t kTokenMaxBytes = 64;
constexpr std::size_t kValueBytes = 65'536;
constexpr std::size_t kStageBytes = 256;
constexpr std::size_t kStages = 20;  // of a secret, over all its versions
constexpr std::int64_t kPageItems = 100;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::string_view kState = "secretsmanager";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+=.@-";
constexpr std::string_view kArnCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

Answer refuse(std::string_view type, std::string_view message) { return json_error(400, type, message); }
Answer invalid_parameter(std::string_view message) { return refuse("InvalidParameterException", message); }
Answer invalid_request(std::string_view message) { return refuse("InvalidRequestException", message); }
Answer not_found(std::string_view message) { return refuse("ResourceNotFoundException", message); }
Answer no_such_secret() { return not_found("Secrets Manager can't find the specified secret."); }
Answer marked_for_deletion() {
  return invalid_request(
      "You can't perform this operation on the secret because it was marked for deletion.");
}

Answer succeed(const JsonObject& object) {
  return {200, {{"content-type", "application/x-amz-json-1.1"}}, object.finish()};
}

JsonObject named(const StoredSecret& secret) {
  return JsonObject().text("ARN", secret.arn).text("Name", secret.name);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytes &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

// AWS names no grammar but the length; what is not visible ASCII is refused here.
bool is_stage(std::string_view stage) {
  return !stage.empty() && stage.size() <= kStageBytes &&
         std::all_of(stage.begin(), stage.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

// What is wrong with a value and its token; nothing if nothing is.
std::optional<Answer> check_value(const SecretsRequest& request) {
  const StoredValue& value = request.value;
  if (value.binary && value.text)
    return invalid_parameter(
        "You can't specify both a binary secret value and a string secret value in the same secret.");
  const std::size_t size = value.binary ? value.binary->size() : value.text ? value.text->size() : 0;
  if (!value.binary && !value.text)
    return invalid_request("You must provide either SecretString or SecretBinary.");
  if (size == 0 || size > kValueBytes)
    return invalid_parameter("The secret value must have 1 to 65536 bytes.");
  const std::string& token = request.client_request_token.value_or("");
  if (token.empty())
    return invalid_parameter("You must provide a ClientRequestToken value. We recommend a UUID-type value.");
  if (token.size() < kTokenMinBytes || token.size() > kTokenMaxBytes)
    return invalid_parameter("ClientRequestToken must be 32-64 characters long.");
  return std::nullopt;
}

std::string stages_by_version(const StoredSecret& secret) {
  JsonObject out;
  for (const StoredVersion& version : secret.versions)
    if (!version.stages.empty()) out.texts(version.id, version.stages);
  return out.finish();
}

JsonObject described(const StoredSecret& secret, std::string_view stages_name) {
  JsonObject out = named(secret);
  if (!secret.description.empty()) out.text("Description", secret.description);
  if (!secret.kms_key_id.empty()) out.text("KmsKeyId", secret.kms_key_id);
  out.time("CreatedDate", secret.created_ms).time("LastChangedDate", secret.changed_ms);
  if (secret.deleted_at_ms) out.time("DeletedDate", *secret.deleted_at_ms);
  return out.value(stages_name, stages_by_version(secret));
}

// Adds to `out` the page of `items` that the request asks for, as the list `name`. The token of a page is the
// number of items before it.
std::optional<Answer> add_page(const SecretsRequest& request, std::string_view name,
                               const std::vector<std::string>& items, JsonObject& out) {
  const std::int64_t size = request.max_results.value_or(kPageItems);
  if (size < 1 || size > kPageItems) return invalid_parameter("MaxResults must be between 1 and 100.");
  std::size_t begin = 0;
  if (request.next_token) {
    const std::string& token = *request.next_token;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), begin);
    if (error != std::errc() || end != token.data() + token.size() || begin > items.size())
      return refuse("InvalidNextTokenException", "The NextToken value is invalid.");
  }
  const std::size_t end = std::min(items.size(), begin + static_cast<std::size_t>(size));
  out.list(name, std::span(items).subspan(begin, end - begin));
  if (end < items.size()) out.text("NextToken", std::to_string(end));
  return std::nullopt;
}

}  // namespace

struct SecretsManager::Named {
  std::string_view name;
  Operation operation;
  bool changes;
};

Result<SecretsManager> SecretsManager::open(Store& store, const Clock& clock, Options options) {
  SecretsManager out(store, clock, std::move(options));
  NES_TRY_ASSIGN(const std::optional<std::string> text, store.load(kState));
  if (text) {
    NES_TRY_ASSIGN(out.secrets_, read_secrets(*text));
  }
  return out;
}

Answer SecretsManager::call(std::string_view operation, std::string_view body, const Caller& /*caller*/) {
  static constexpr Named kOperations[] = {
      {"CreateSecret", &SecretsManager::create_secret, true},
      {"PutSecretValue", &SecretsManager::put_secret_value, true},
      {"GetSecretValue", &SecretsManager::get_secret_value, false},
      {"DescribeSecret", &SecretsManager::describe_secret, false},
      {"ListSecretVersionIds", &SecretsManager::list_secret_version_ids, false},
      {"UpdateSecretVersionStage", &SecretsManager::update_secret_version_stage, true},
      {"ListSecrets", &SecretsManager::list_secrets, false},
      {"DeleteSecret", &SecretsManager::delete_secret, true},
      {"RestoreSecret", &SecretsManager::restore_secret, true},
  };
  const auto* known = std::find_if(std::begin(kOperations), std::end(kOperations),
                                   [&](const Named& have) { return have.name == operation; });
  if (known == std::end(kOperations))
    return refuse("UnknownOperationException", "The emulator does not know this operation.");
  const auto request = parse_secrets_request(body);
  if (!request.ok())
    return refuse("SerializationException", "The request is not in the form of the operation.");
  remove_what_is_due();
  Secrets before;
  if (known->changes) before = secrets_;
  Answer answer = (this->*known->operation)(*request);
  if (!known->changes) return answer;
  if (answer.status == 200 && !store_->save(kState, write_secrets(secrets_)).ok())
    answer = json_error(500, "InternalServiceError", "The state cannot be saved.");
  if (answer.status != 200) secrets_ = std::move(before);
  return answer;
}

void SecretsManager::remove_what_is_due() {
  const std::int64_t now_ms = clock_->unix_ms();
  std::erase_if(secrets_, [&](const auto& entry) {
    return entry.second.deleted_at_ms && *entry.second.deleted_at_ms <= now_ms;
  });
}

StoredSecret* SecretsManager::find(const SecretsRequest& request) {
  const std::string& id = request.secret_id.value_or("");
  if (const auto at = secrets_.find(id); at != secrets_.end()) return &at->second;
  for (auto& [name, secret] : secrets_)
    if (id == secret.arn || id == std::string_view(secret.arn).substr(0, secret.arn.rfind('-')))
      return &secret;
  return nullptr;
}

Answer SecretsManager::create_secret(const SecretsRequest& request) {
  const std::string& name = request.name.value_or("");
  if (!is_name(name))
    return invalid_parameter(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
        "following: -/_+=.@!");
  const bool has_value = request.value.binary || request.value.text;
  if (has_value)
    if (auto wrong = check_value(request)) return *std::move(wrong);
  if (const auto at = secrets_.find(name); at != secrets_.end()) {
    if (at->second.deleted_at_ms)
      return invalid_request(
          "You can't create this secret because a secret with this name is already scheduled for "
          "deletion.");
    const StoredVersion* same = has_value ? at->second.version(*request.client_request_token) : nullptr;
    if (same == nullptr || same->value != request.value)
      return refuse("ResourceExistsException",
                    "The operation failed because the secret " + name + " already exists.");
    return succeed(named(at->second).text("VersionId", same->id));
  }
  const std::int64_t now_ms = clock_->unix_ms();
  StoredSecret secret{.name = name,
                      .arn = "arn:aws:secretsmanager:" + options_.region + ":" + options_.account +
                             ":secret:" + name + "-" + random_text(kArnCharacters, 6),
                      .description = request.description.value_or(""),
                      .kms_key_id = request.kms_key_id.value_or(""),
                      .created_ms = now_ms,
                      .changed_ms = now_ms};
  if (has_value)
    secret.versions.push_back(
        {*request.client_request_token, now_ms, {std::string(kCurrent)}, request.value});
  JsonObject out = named(secret);
  if (has_value) out.text("VersionId", secret.versions.front().id);
  secrets_.emplace(name, std::move(secret));
  return succeed(out);
}

Answer SecretsManager::put_secret_value(const SecretsRequest& request) {
  StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  if (secret->deleted_at_ms) return marked_for_deletion();
  if (auto wrong = check_value(request)) return *std::move(wrong);
  std::vector<std::string> stages = request.version_stages.value_or(std::vector{std::string(kCurrent)});
  if (stages.size() > kStages || !std::all_of(stages.begin(), stages.end(), is_stage))
    return invalid_parameter("VersionStages must be 1 to 20 labels of 1 to 256 characters.");
  if (const StoredVersion* same = secret->version(*request.client_request_token)) {
    if (same->value != request.value)
      return refuse("ResourceExistsException", "A resource with the ID you requested already exists.");
    return succeed(named(*secret).text("VersionId", same->id).texts("VersionStages", same->stages));
  }
  // The first version is current, whatever labels it brings.
  if (secret->versions.empty()) stages.emplace_back(kCurrent);
  return add_version(*secret, request, std::move(stages));
}

Answer SecretsManager::add_version(StoredSecret& secret, const SecretsRequest& request,
                                   std::vector<std::string> stages) {
  const std::int64_t now_ms = clock_->unix_ms();
  secret.versions.push_back({*request.client_request_token, now_ms, {}, request.value});
  for (const std::string& stage : stages) secret.move_label(stage, &secret.versions.back());
  if (secret.label_count() > kStages)
    return refuse("LimitExceededException",
                  "The request failed because it would exceed the limit of staging labels of a secret.");
  secret.changed_ms = now_ms;
  const StoredVersion& version = secret.versions.back();
  return succeed(named(secret).text("VersionId", version.id).texts("VersionStages", version.stages));
}

Answer SecretsManager::get_secret_value(const SecretsRequest& request) {
  const StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  if (secret->deleted_at_ms) return marked_for_deletion();
  const std::string stage = request.version_stage.value_or(std::string(kCurrent));
  const StoredVersion* const version =
      request.version_id ? secret->version(*request.version_id) : secret->labelled(stage);
  if (version == nullptr)
    return not_found("Secrets Manager can't find the specified secret value for " +
                     (request.version_id ? "VersionId: " + *request.version_id : "staging label: " + stage));
  if (request.version_id && request.version_stage && secret->labelled(stage) != version)
    return invalid_request("You provided a VersionStage that is not associated to the provided VersionId.");
  JsonObject out = named(*secret);
  out.text("VersionId", version->id);
  if (version->value.binary) out.text("SecretBinary", base::base64_encode(*version->value.binary));
  if (version->value.text) out.text("SecretString", *version->value.text);
  if (!version->stages.empty()) out.texts("VersionStages", version->stages);
  return succeed(out.time("CreatedDate", version->created_ms));
}

Answer SecretsManager::describe_secret(const SecretsRequest& request) {
  const StoredSecret* const secret = find(request);
  return secret == nullptr ? no_such_secret() : succeed(described(*secret, "VersionIdsToStages"));
}

Answer SecretsManager::list_secret_version_ids(const SecretsRequest& request) {
  const StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  const std::string key = secret->kms_key_id.empty() ? "DefaultEncryptionKey" : secret->kms_key_id;
  std::vector<std::string> items;
  for (const StoredVersion& version : secret->versions) {
    if (version.stages.empty() && !request.include_deprecated) continue;
    JsonObject item;
    item.text("VersionId", version.id).time("CreatedDate", version.created_ms).texts("KmsKeyIds", {&key, 1});
    if (!version.stages.empty()) item.texts("VersionStages", version.stages);
    items.push_back(item.finish());
  }
  JsonObject out = named(*secret);
  if (auto wrong = add_page(request, "Versions", items, out)) return *std::move(wrong);
  return succeed(out);
}

Answer SecretsManager::update_secret_version_stage(const SecretsRequest& request) {
  StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  if (secret->deleted_at_ms) return marked_for_deletion();
  const std::string& stage = request.version_stage.value_or("");
  if (!is_stage(stage)) return invalid_parameter("VersionStage must be a label of 1 to 256 characters.");
  const auto& from = request.remove_from_version_id;
  const auto& to = request.move_to_version_id;
  if (!from && !to)
    return invalid_parameter("You must specify RemoveFromVersionId, MoveToVersionId, or both.");
  StoredVersion* const target = to ? secret->version(*to) : nullptr;
  if (to && target == nullptr)
    return not_found("Secrets Manager can't find the version to move the label to.");
  const StoredVersion* const holder = secret->labelled(stage);
  if (from && (holder == nullptr || holder->id != *from))
    return invalid_parameter("Staging label " + stage + " is not currently attached to version " + *from +
                             ".");
  if (!from && holder != nullptr && holder != target)
    return invalid_parameter("The parameter RemoveFromVersionId can't be empty. Staging label " + stage +
                             " is currently attached to version " + holder->id +
                             ", so you must explicitly reference that version in RemoveFromVersionId.");
  if (!to && stage == kCurrent)
    return invalid_parameter(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be "
        "completely removed.");
  secret->move_label(stage, target);
  if (secret->label_count() > kStages)
    return refuse("LimitExceededException",
                  "The request failed because it would exceed the limit of staging labels of a secret.");
  secret->changed_ms = clock_->unix_ms();
  return succeed(named(*secret));
}

Answer SecretsManager::list_secrets(const SecretsRequest& request) {
  if (request.has_other_filters) return invalid_parameter("The emulator filters by name alone.");
  std::vector<std::string> items;
  for (const auto& entry : secrets_) {
    const StoredSecret& secret = entry.second;
    const auto matches = [&](const std::string& prefix) { return secret.name.starts_with(prefix); };
    const auto& prefixes = request.name_prefixes;
    if (secret.deleted_at_ms && !request.include_planned_deletion) continue;
    if (!prefixes.empty() && std::none_of(prefixes.begin(), prefixes.end(), matches)) continue;
    items.push_back(described(secret, "SecretVersionsToStages").finish());
  }
  JsonObject out;
  if (auto wrong = add_page(request, "SecretList", items, out)) return *std::move(wrong);
  return succeed(out);
}

Answer SecretsManager::delete_secret(const SecretsRequest& request) {
  StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  if (request.force_delete && request.recovery_window_days)
    return invalid_parameter(
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  if (secret->deleted_at_ms && !request.force_delete)
    return invalid_request("You tried to delete a secret that is already marked for deletion.");
  const std::int64_t days = request.recovery_window_days.value_or(30);
  if (days < 7 || days > 30)
    return invalid_parameter("RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  const std::int64_t at_ms = clock_->unix_ms() + (request.force_delete ? 0 : days * kDayMs);
  JsonObject out = named(*secret);
  out.time("DeletionDate", at_ms);
  if (request.force_delete)
    secrets_.erase(std::string(secret->name));
  else
    secret->deleted_at_ms = at_ms;
  return succeed(out);
}

Answer SecretsManager::restore_secret(const SecretsRequest& request) {
  StoredSecret* const secret = find(request);
  if (secret == nullptr) return no_such_secret();
  secret->deleted_at_ms.reset();
  return succeed(named(*secret));
}

}  // namespace nes::aws_emulator

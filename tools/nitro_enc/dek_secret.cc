#include "tools/nitro_enc/dek_secret.h"

#include <array>
#include <charconv>

#include "base/limits.h"
#include "crypto/random.h"
#include "json/reader.h"

namespace nes::nitro_enc {
namespace {

// Under which the enclave expects what it decrypts, unless it is told another context (CONTRACTS section 1).
constexpr std::string_view kContextName = "nitro-enc-svc:secret-arn";

constexpr std::string_view kSecretPrefix = "arn:";

Error not_a_context() noexcept { return {ErrorCode::kMalformed, "not `none` or a JSON object of strings"}; }

}  // namespace

std::vector<Flag> with_secret_flags(std::vector<Flag> flags, Occurs occurs) {
  flags.insert(flags.begin(), Flag{.name = "secret-arn",
                                   .value = "ARN",
                                   .occurs = occurs,
                                   .help = "the secret, spelled exactly as the enclave's SECRET_ARN"});
  return with_aws_flags(std::move(flags));
}

std::vector<Flag> with_key_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "kms-key-id",
                   .value = "KEY",
                   .occurs = Occurs::kRequired,
                   .help = "ARN or id of the KMS key, never an alias: the enclave's KMS_KEY_ID"});
  flags.push_back({.name = "encryption-context",
                   .value = "JSON",
                   .help = "the enclave's DEK_ENCRYPTION_CONTEXT, or none; default: as it has by itself"});
  return flags;
}

Result<aws::EncryptionContext> parse_encryption_context(std::string_view text) {
  aws::EncryptionContext context;
  if (text == "none") return context;
  if (text.size() > limits::kEncryptionContextBytes)
    return Error{ErrorCode::kLimit, "the encryption context is too long"};
  json::Reader reader(text, 1);
  const auto first = reader.next();
  if (!first.ok() || first->type != json::EventType::kBeginObject) return not_a_context();
  for (;;) {
    const auto event = reader.next();
    if (!event.ok()) return not_a_context();
    if (event->type == json::EventType::kEnd) break;
    if (event->type == json::EventType::kEndObject) continue;
    const std::string name(event->text);  // of a key: nothing else stands between members
    const auto value = reader.next();
    if (!value.ok() || value->type != json::EventType::kString) return not_a_context();
    if (!context.emplace(name, value->text).second) return not_a_context();
  }
  if (context.empty()) return not_a_context();
  return context;
}

std::optional<std::int64_t> parse_seconds(std::string_view number) noexcept {
  constexpr double kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z
  double seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (error != std::errc() || end != number.data() + number.size() || !(seconds >= 0 && seconds <= kLast))
    return std::nullopt;
  return static_cast<std::int64_t>(seconds * 1000);
}

std::string random_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  crypto::fill_random(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string text = base::hex_encode(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text;
}

DekSecret::DekSecret(std::unique_ptr<AwsSession> session, std::string arn, std::string key_id,
                     std::optional<aws::EncryptionContext> encryption_context)
    : session_(std::move(session)),
      arn_(std::move(arn)),
      encryption_context_(std::move(encryption_context)),
      secrets_(session_->client()),
      kms_(session_->client(), std::move(key_id)) {}

std::unique_ptr<DekSecret> DekSecret::open(const Arguments& arguments, Context& context, Status& status) {
  status = Status::kUsage;
  const std::string arn = arguments.text("secret-arn");
  if (arguments.has("secret-arn") && !arn.starts_with(kSecretPrefix)) {
    context.misused("--secret-arn is no ARN");
    return nullptr;
  }
  const std::string key_id = arguments.text("kms-key-id");
  if (key_id.starts_with("alias/") || key_id.find(":alias/") != std::string::npos) {
    context.misused("--kms-key-id is an alias, which can be pointed at another key");
    return nullptr;
  }
  std::optional<aws::EncryptionContext> encryption_context;
  if (const auto text = arguments.value("encryption-context")) {
    auto parsed = parse_encryption_context(*text);
    if (!parsed.ok()) {
      context.misused("--encryption-context: " + describe(parsed.error()));
      return nullptr;
    }
    encryption_context = std::move(*parsed);
  }
  auto session = AwsSession::create(arguments, arn.empty() ? key_id : arn, context, status);
  if (session == nullptr) return nullptr;
  return std::unique_ptr<DekSecret>(
      new DekSecret(std::move(session), arn, key_id, std::move(encryption_context)));
}

Result<Versions> DekSecret::versions() {
  NES_TRY_ASSIGN(std::vector<aws::SecretVersion> listed, secrets_.list_versions(arn_));
  Versions versions;
  for (aws::SecretVersion& version : listed)
    versions.push_back(
        {std::move(version.version_id), std::move(version.stages), parse_seconds(version.created)});
  return versions;
}

Result<void> DekSecret::create(const std::string& name) {
  NES_TRY_ASSIGN(arn_, secrets_.create_empty(name));
  return {};
}

Result<Bytes> DekSecret::new_key() {
  const aws::EncryptionContext by_default{{std::string(kContextName), arn_}};
  return kms_.generate_data_key_without_plaintext(encryption_context_.value_or(by_default));
}

Result<std::string> DekSecret::put(const Bytes& key, std::string_view label) {
  return secrets_.put(arn_, key, {std::string(label)}, random_uuid());
}

bool DekSecret::carry_out(const Plan& plan, Context& context) {
  for (const Move& move : plan.moves) {
    const auto moved = secrets_.move_stage(arn_, move.label, move.from, move.to);
    if (moved.ok()) continue;
    context.refuse("UpdateSecretVersionStage of " + move.label + " (ask again to complete it)",
                   moved.error());
    return false;
  }
  return true;
}

}  // namespace nes::nitro_enc

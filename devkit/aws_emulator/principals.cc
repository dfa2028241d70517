#include "devkit/aws_emulator/principals.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "aws/json_fields.h"
#include "base/limits.h"
#include "devkit/aws_emulator/files.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/random_text.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kState = "principals";
constexpr std::string_view kIdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// So long an expired session is still known as one; later its key is unknown.
constexpr std::int64_t kRememberedMs = std::int64_t{24} * 3600 * 1000;

Error malformed() noexcept { return {ErrorCode::kMalformed, "the stored principals have another form"}; }

bool parse_ms(std::string_view text, std::int64_t& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Result<Principal> parse_principal(const aws::JsonFields& fields) {
  Principal out;
  NES_TRY_ASSIGN(out.credentials.access_key_id, fields.string("access_key_id"));
  NES_TRY_ASSIGN(const std::string_view secret, fields.string("secret_access_key"));
  out.credentials.secret_access_key = secret::SecretBytes::copy_of(as_bytes(secret));
  NES_TRY_ASSIGN(out.credentials.session_token, fields.string("session_token"));
  NES_TRY_ASSIGN(out.caller.arn, fields.string("arn"));
  NES_TRY_ASSIGN(out.caller.role_arn, fields.string("role_arn"));
  NES_TRY_ASSIGN(out.caller.account, fields.string("account"));
  NES_TRY_ASSIGN(out.user_id, fields.string("user_id"));
  if (!parse_ms(fields.scalar("issued_unix_ms"), out.issued_unix_ms) ||
      !parse_ms(fields.scalar("expires_unix_ms"), out.credentials.expires_unix_ms))
    return malformed();
  return out;
}

std::string write_principal(const Principal& principal) {
  return JsonObject()
      .text("access_key_id", principal.credentials.access_key_id)
      .text("secret_access_key", as_text(principal.credentials.secret_access_key.reveal()))
      .text("session_token", principal.credentials.session_token)
      .text("arn", principal.caller.arn)
      .text("role_arn", principal.caller.role_arn)
      .text("account", principal.caller.account)
      .text("user_id", principal.user_id)
      .number("issued_unix_ms", principal.issued_unix_ms)
      .number("expires_unix_ms", principal.credentials.expires_unix_ms)
      .finish();
}

// What can stand in a credential scope and in a line of the credentials file.
bool is_key_text(std::string_view text, bool is_id) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [is_id](char c) {
    return c > ' ' && c < '\x7F' && !(is_id && (c == '/' || c == ',' || c == '='));
  });
}

}  // namespace

Result<Principals> Principals::open(Store& store, const Clock& clock, Options options) {
  const std::string given_id = options.admin_access_key_id;
  if (!given_id.empty() &&
      (!is_key_text(given_id, true) || !is_key_text(options.admin_secret_access_key, false)))
    return Error{ErrorCode::kConfig, "the administrator's access key is none"};
  Principals out(store, clock, std::move(options));
  NES_TRY_ASSIGN(const std::optional<std::string> text, store.load(kState));
  if (text) NES_TRY(out.load(*text));
  if (!given_id.empty() || out.administrator_id_.empty()) {
    out.by_key_id_.erase(out.administrator_id_);
    Principal administrator = out.make_administrator();
    out.administrator_id_ = administrator.credentials.access_key_id;
    out.add(std::move(administrator));
    NES_TRY(out.save());
  }
  if (out.administrator().caller.account != out.options_.account)
    return Error{ErrorCode::kConfig, "the state is of another account"};
  NES_TRY(out.write_credentials_file());
  return out;
}

const Principal* Principals::find(std::string_view access_key_id) const {
  const auto at = by_key_id_.find(access_key_id);
  return at == by_key_id_.end() ? nullptr : &at->second;
}

const Principal& Principals::administrator() const { return by_key_id_.find(administrator_id_)->second; }

Result<const Principal*> Principals::role_session() {
  const std::string role_arn = "arn:aws:iam::" + options_.account + ":role/" + options_.role_name;
  const std::int64_t now_ms = clock_->unix_ms();
  for (const auto& [id, principal] : by_key_id_) {
    const std::int64_t left_ms = principal.credentials.expires_unix_ms - now_ms;
    if (id != administrator_id_ && principal.caller.role_arn == role_arn &&
        left_ms * 2 >= options_.session_lifetime_ms && left_ms > 0)
      return &principal;
  }
  forget_old_sessions();
  Principal session = make_session();
  const std::string id = session.credentials.access_key_id;
  add(std::move(session));
  NES_TRY(save());
  return find(id);
}

Result<void> Principals::expire_sessions() {
  const std::int64_t now_ms = clock_->unix_ms();
  for (auto& [id, principal] : by_key_id_)
    if (id != administrator_id_)
      principal.credentials.expires_unix_ms = std::min(principal.credentials.expires_unix_ms, now_ms);
  return save();
}

void Principals::add(Principal principal) {
  std::string id = principal.credentials.access_key_id;
  by_key_id_.insert_or_assign(std::move(id), std::move(principal));
}

void Principals::forget_old_sessions() {
  const std::int64_t now_ms = clock_->unix_ms();
  std::erase_if(by_key_id_, [&](const auto& entry) {
    return entry.first != administrator_id_ &&
           now_ms - entry.second.credentials.expires_unix_ms > kRememberedMs;
  });
  while (by_key_id_.size() > limits::kEmulatorSessions) {
    const auto oldest =
        std::min_element(by_key_id_.begin(), by_key_id_.end(), [&](const auto& a, const auto& b) {
          const auto rank = [&](const auto& entry) {
            return entry.first == administrator_id_ ? kNever : entry.second.credentials.expires_unix_ms;
          };
          return rank(a) < rank(b);
        });
    by_key_id_.erase(oldest);
  }
}

Principal Principals::make_administrator() const {
  Principal out;
  const bool is_given = !options_.admin_access_key_id.empty();
  const std::string secret = is_given ? options_.admin_secret_access_key : random_text(kSecretCharacters, 40);
  out.credentials.access_key_id =
      is_given ? options_.admin_access_key_id : "AKIA" + random_text(kIdCharacters, 16);
  out.credentials.secret_access_key = secret::SecretBytes::copy_of(as_bytes(secret));
  out.credentials.expires_unix_ms = kNever;
  out.caller = {.arn = "arn:aws:iam::" + options_.account + ":user/administrator",
                .role_arn = "arn:aws:iam::" + options_.account + ":user/administrator",
                .account = options_.account};
  out.user_id = "AIDA" + random_text(kIdCharacters, 17);
  out.issued_unix_ms = clock_->unix_ms();
  return out;
}

Principal Principals::make_session() const {
  const std::string& role = options_.role_name;
  Principal out;
  out.credentials.access_key_id = "ASIA" + random_text(kIdCharacters, 16);
  out.credentials.secret_access_key =
      secret::SecretBytes::copy_of(as_bytes(random_text(kSecretCharacters, 40)));
  out.credentials.session_token = random_text(kSecretCharacters, 256);
  out.issued_unix_ms = clock_->unix_ms();
  // Whole seconds, as they are told: who holds them must not find them over a moment early.
  out.credentials.expires_unix_ms = (out.issued_unix_ms + options_.session_lifetime_ms) / 1000 * 1000;
  out.caller = {
      .arn = "arn:aws:sts::" + options_.account + ":assumed-role/" + role + "/" + std::string(kInstanceId),
      .role_arn = "arn:aws:iam::" + options_.account + ":role/" + role,
      .account = options_.account};
  out.user_id = "AROA" + random_text(kIdCharacters, 17) + ":" + std::string(kInstanceId);
  return out;
}

Result<void> Principals::load(std::string_view text) {
  NES_TRY_ASSIGN(const aws::JsonFields fields, aws::JsonFields::parse(text));
  NES_TRY_ASSIGN(administrator_id_, fields.string("administrator"));
  NES_TRY_ASSIGN(const auto items, fields.optional_objects("principals"));
  for (const aws::JsonFields* item : items) {
    NES_TRY_ASSIGN(Principal principal, parse_principal(*item));
    add(std::move(principal));
  }
  if (!by_key_id_.contains(administrator_id_)) return malformed();
  return {};
}

Result<void> Principals::save() {
  std::vector<std::string> items;
  items.reserve(by_key_id_.size());
  for (const auto& [id, principal] : by_key_id_) items.push_back(write_principal(principal));
  return store_->save(
      kState, JsonObject().text("administrator", administrator_id_).list("principals", items).finish());
}

Result<void> Principals::write_credentials_file() const {
  const aws::Credentials& key = administrator().credentials;
  const std::string path = store_->directory() + "/admin-credentials";
  std::string text = "[default]\naws_access_key_id = " + key.access_key_id + "\naws_secret_access_key = ";
  text += as_text(key.secret_access_key.reveal());
  return replace_file(path, path + ".draft", text + "\n", 0600);
}

}  // namespace nes::aws_emulator

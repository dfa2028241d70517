#include "tools/nitro_enc/enclave_keys.h"

#include <algorithm>

#include "aws/json_fields.h"
#include "aws/time_text.h"
#include "base/limits.h"
#include "tools/nitro_enc/aws_session.h"
#include "tools/nitro_enc/system_dialer.h"
#include "tools/nitro_enc/url.h"

namespace nes::nitro_enc {
namespace {

Error malformed() noexcept { return {ErrorCode::kMalformed, "its answer to /v1/keys is not understood"}; }

Result<EnclaveKey> parse_key(const aws::JsonFields& fields) {
  EnclaveKey key;
  NES_TRY_ASSIGN(const std::string_view kid, fields.string("kid"));
  NES_TRY_ASSIGN(const std::string_view version_id, fields.string("version_id"));
  NES_TRY_ASSIGN(const std::string_view state, fields.string("state"));
  NES_TRY_ASSIGN(const auto last_open, fields.optional_string("last_open"));
  const auto opens = parse_count(fields.scalar("opens"), UINT64_MAX);
  if (kid.empty() || version_id.empty() || !opens) return malformed();
  key.kid = kid;
  key.version_id = version_id;
  key.state = state;
  key.opens = *opens;
  if (last_open) key.last_open_unix_ms = aws::parse_rfc3339_ms(*last_open);
  if (key.last_open_unix_ms.has_value() != (key.opens != 0)) return malformed();
  return key;
}

Result<EnclaveKeys> ask(const aws::Transport& transport, const aws::Address& address) {
  const aws::HttpRequest request{
      .method = http::Method::kGet, .target = "/v1/keys", .headers = {}, .body = {}};
  NES_TRY_ASSIGN(
      const aws::HttpAnswer answer,
      aws::exchange(transport, address, request, limits::kAwsAnswerBytes, limits::kAwsAttemptTimeoutMs));
  if (answer.status != 200)
    return Error{ErrorCode::kIo, "it refuses /v1/keys", static_cast<std::uint64_t>(answer.status)};
  return parse_enclave_keys(as_text(answer.body.reveal()));
}

}  // namespace

const EnclaveKey* EnclaveKeys::find(std::string_view version_id) const noexcept {
  const auto found = std::ranges::find(keys, version_id, &EnclaveKey::version_id);
  return found == keys.end() ? nullptr : &*found;
}

Result<EnclaveKeys> parse_enclave_keys(std::string_view json) {
  const auto fields = aws::JsonFields::parse(json);
  if (!fields.ok()) return malformed();
  EnclaveKeys enclave;
  const auto uptime = parse_count(fields->scalar("uptime_secs"), UINT64_MAX);
  const auto items = fields->optional_objects("keys");
  if (!uptime || !items.ok()) return malformed();
  enclave.uptime_secs = *uptime;
  for (const aws::JsonFields* item : *items) {
    auto key = parse_key(*item);
    if (!key.ok()) return malformed();
    enclave.keys.push_back(std::move(*key));
  }
  return enclave;
}

std::string why_in_use(const EnclaveKeys& enclave, std::string_view version_id, std::string_view current_id,
                       std::int64_t now_unix_ms, std::uint64_t quiet_secs) {
  const std::string needed = std::to_string(quiet_secs) + " s are needed";
  if (enclave.find(current_id) == nullptr)
    return "it has not loaded the version in use: it is not of this secret, or does not refresh";
  if (enclave.uptime_secs < quiet_secs)
    return "it is up for " + std::to_string(enclave.uptime_secs) + " s; " + needed;
  const EnclaveKey* key = enclave.find(version_id);
  if (key == nullptr || !key->last_open_unix_ms) return {};
  const std::int64_t quiet_ms = now_unix_ms - *key->last_open_unix_ms;
  if (quiet_ms >= 0 && static_cast<std::uint64_t>(quiet_ms) / 1000 >= quiet_secs) return {};
  return "key " + key->kid + " opened a token " + std::to_string(std::max<std::int64_t>(quiet_ms, 0) / 1000) +
         " s ago; " + needed;
}

std::vector<Flag> with_enclave_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "url",
                   .value = "URL",
                   .occurs = Occurs::kRepeated,
                   .help = "https://HOST[:PORT] of one enclave, never of a load balancer"});
  flags.push_back({.name = "cacert",
                   .value = "FILE",
                   .help = "who vouches for the enclaves, such as what attest --save-cert saved"});
  flags.push_back({.name = "server-name",
                   .value = "NAME",
                   .help = "the name that the enclaves' certificates have, if it is not URL's host"});
  return flags;
}

std::optional<std::vector<EnclaveAnswer>> ask_enclaves(const Arguments& arguments, Context& context,
                                                       Status& status) {
  std::vector<EnclaveAnswer> answers;
  if (!arguments.has("url")) return answers;
  std::vector<Url> urls;
  status = Status::kUsage;
  for (const std::string_view text : arguments.values("url")) {
    const auto url = parse_url(text);
    if (!url || !url->address.tls || url->target != "/") {
      context.misused("--url " + std::string(text) + " is no https://HOST[:PORT]");
      return std::nullopt;
    }
    urls.push_back(*url);
  }
  status = Status::kRefused;
  const auto cacert = arguments.value("cacert");
  const auto tls = trusted_authorities(cacert ? std::optional<std::string>(*cacert) : std::nullopt, context);
  if (tls == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    aws::Address address = urls[i].address;
    SystemDialer dialer(context.clock, address.host);
    address.host = arguments.text("server-name", address.host);
    answers.push_back({std::string(arguments.values("url")[i]), ask({dialer, tls, context.clock}, address)});
  }
  return answers;
}

}  // namespace nes::nitro_enc

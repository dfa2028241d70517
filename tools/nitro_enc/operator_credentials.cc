#include "tools/nitro_enc/operator_credentials.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/limits.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/url.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kCredentialsFileBytes = std::size_t{1} << 20;
constexpr std::size_t kTokenBytes = std::size_t{16} * 1024;
constexpr std::string_view kSpace = " \t\r";

Error config_error(base::StaticText reason) noexcept { return {ErrorCode::kConfig, reason}; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

aws::Credentials static_credentials(std::string_view id, std::string_view key, std::string_view token) {
  return {std::string(id), secret::SecretBytes::copy_of(as_bytes(key)), std::string(token), INT64_MAX};
}

// Whom a token may be sent to in the clear, as AWS's SDKs have it: this machine, and the link-local addresses
// of ECS and of EKS Pod Identity.
bool is_container_host(std::string_view host) {
  return is_loopback(host) || host == "169.254.170.2" || host == "169.254.170.23" || host == "fd00:ec2::23";
}

}  // namespace

Result<std::optional<aws::Credentials>> parse_profile(std::string_view text, std::string_view profile) {
  std::string_view id;
  std::string_view key;
  std::string_view token;
  bool is_inside = false;
  bool is_found = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      is_inside = trimmed(line.substr(1, line.size() - 2)) == profile;
      is_found = is_found || is_inside;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!is_inside || equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id") id = value;
    if (name == "aws_secret_access_key") key = value;
    if (name == "aws_session_token") token = value;
  }
  if (!is_found) return std::optional<aws::Credentials>();
  if (id.empty() || key.empty())
    return config_error("the profile in the shared credentials file has no access key");
  return std::optional(static_credentials(id, key, token));
}

Result<std::optional<aws::Credentials>> OperatorCredentials::from_file() const {
  const auto profile = environment_("AWS_PROFILE");
  auto path = environment_("AWS_SHARED_CREDENTIALS_FILE");
  const auto home = environment_("HOME");
  if (!path && home) path = *home + "/.aws/credentials";
  auto text = path ? read_file(*path, kCredentialsFileBytes)
                   : Result<std::string>(Error{ErrorCode::kNotFound, "there is no such file"});
  std::optional<aws::Credentials> found;
  if (text.ok()) {
    auto parsed = parse_profile(*text, profile.value_or("default"));
    // Nothing has moved the text: the analyzer takes the Result for the string.
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.InnerPointer)
    secret::wipe(text->data(), text->size());
    if (!parsed.ok()) return parsed.error();
    found = std::move(*parsed);
  } else if (text.error().code != ErrorCode::kNotFound) {
    return config_error("the shared credentials file cannot be read");
  }
  if (!found && profile) return config_error("AWS_PROFILE is not in the shared credentials file");
  return found;
}

Result<std::optional<aws::Credentials>> OperatorCredentials::from_container() const {
  auto text = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const auto relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    text = "http://169.254.170.2" + *relative;
  if (!text) return std::optional<aws::Credentials>();
  const auto url = parse_url(*text);
  if (!url || (!url->address.tls && !is_container_host(url->address.host)))
    return config_error("AWS_CONTAINER_CREDENTIALS_*_URI is no URL that credentials may come from");
  auto token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto content = read_file(*path, kTokenBytes);
    if (!content.ok()) return config_error("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
    content->erase(content->find_last_not_of(" \t\r\n") + 1);
    token = std::move(*content);
  }
  aws::HttpRequest request{.method = http::Method::kGet, .target = url->target, .headers = {}, .body = {}};
  if (token) request.headers.emplace_back("Authorization", *token);
  NES_TRY_ASSIGN(const aws::HttpAnswer answer,
                 aws::exchange(transport_, url->address, request, limits::kAwsAnswerBytes,
                               limits::kAwsCredentialsTimeoutMs));
  if (answer.status != 200)
    return Error{ErrorCode::kIo, "the source of credentials refuses",
                 static_cast<std::uint64_t>(answer.status)};
  NES_TRY_ASSIGN(aws::Credentials credentials, aws::parse_credentials(as_text(answer.body.reveal())));
  return std::optional(std::move(credentials));
}

Result<aws::Credentials> OperatorCredentials::fetch() {
  const auto id = environment_("AWS_ACCESS_KEY_ID");
  const auto key = environment_("AWS_SECRET_ACCESS_KEY");
  if (id.has_value() != key.has_value())
    return config_error("one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is missing");
  if (id) return static_credentials(*id, *key, environment_("AWS_SESSION_TOKEN").value_or(""));
  NES_TRY_ASSIGN(auto from_profile, from_file());
  if (from_profile) return std::move(*from_profile);
  NES_TRY_ASSIGN(auto from_endpoint, from_container());
  if (from_endpoint) return std::move(*from_endpoint);
  return aws::ImdsCredentials(transport_).fetch();
}

}  // namespace nes::nitro_enc

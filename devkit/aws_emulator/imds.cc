#include "devkit/aws_emulator/imds.h"

#include <charconv>

#include "base/limits.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/random_text.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kRoot = "/latest/";
constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr std::string_view kRolesPath = "/latest/meta-data/iam/security-credentials";
constexpr std::string_view kTokenTtl = "x-aws-ec2-metadata-token-ttl-seconds";
constexpr std::int64_t kMaxTtlS = 21'600;
constexpr std::string_view kTokenCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Answer plain(int status, std::string_view text) {
  return {status, {{"content-type", "text/plain"}}, std::string(text)};
}

// Whole seconds, as the service tells them.
std::string format_time(std::int64_t unix_ms) { return base::format_rfc3339(unix_ms).substr(0, 19) + "Z"; }

}  // namespace

bool is_imds_request(const Request& request) {
  return request.path.starts_with(kRoot) && request.header("authorization").empty();
}

std::string imds_operation(const Request& request) {
  if (request.path == kTokenPath) return "PutToken";
  if (request.path == kRolesPath || request.path == std::string(kRolesPath) + "/") return "GetRole";
  if (request.path.starts_with(kRolesPath)) return "GetCredentials";
  return "GetMetadata";
}

Answer Imds::handle(const Request& request) {
  if (request.path == kTokenPath) return put_token(request);
  if (request.method != "GET") return plain(405, "Method Not Allowed");
  if (!has_token(request)) return plain(401, "Unauthorized");
  const std::string roles(kRolesPath);
  const std::string& role = principals_.role_name();
  if (request.path == roles || request.path == roles + "/") return plain(200, role);
  if (request.path == roles + "/" + role) return credentials();
  if (request.path == "/latest/meta-data/instance-id") return plain(200, kInstanceId);
  if (request.path == "/latest/meta-data/placement/region") return plain(200, region_);
  return plain(404, "Not Found");
}

Answer Imds::put_token(const Request& request) {
  if (request.method != "PUT") return plain(405, "Method Not Allowed");
  if (!request.header("x-forwarded-for").empty()) return plain(403, "Forbidden");
  const std::string_view text = request.header(kTokenTtl);
  std::int64_t ttl_s = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ttl_s);
  if (error != std::errc() || end != text.data() + text.size() || ttl_s < 1 || ttl_s > kMaxTtlS)
    return plain(400, "Bad Request");
  const std::int64_t now_ms = clock_.monotonic_ms();
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second <= now_ms; });
  if (tokens_.size() >= limits::kEmulatorImdsTokens) return plain(503, "Service Unavailable");
  std::string token = random_text(kTokenCharacters, 56);
  tokens_.emplace(token, now_ms + ttl_s * 1000);
  Answer answer = plain(200, token);
  answer.headers.emplace_back(kTokenTtl, text);
  return answer;
}

bool Imds::has_token(const Request& request) const {
  const auto at = tokens_.find(request.header("x-aws-ec2-metadata-token"));
  return at != tokens_.end() && at->second > clock_.monotonic_ms();
}

Answer Imds::credentials() {
  const auto session = principals_.role_session();
  if (!session.ok()) return plain(500, "Internal Server Error");
  const aws::Credentials& credentials = (*session)->credentials;
  return {200,
          {{"content-type", "application/json"}},
          JsonObject()
              .text("Code", "Success")
              .text("LastUpdated", format_time((*session)->issued_unix_ms))
              .text("Type", "AWS-HMAC")
              .text("AccessKeyId", credentials.access_key_id)
              .text("SecretAccessKey", as_text(credentials.secret_access_key.reveal()))
              .text("Token", credentials.session_token)
              .text("Expiration", format_time(credentials.expires_unix_ms))
              .finish()};
}

}  // namespace nes::aws_emulator

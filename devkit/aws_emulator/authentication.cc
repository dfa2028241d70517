#include "devkit/aws_emulator/authentication.h"

#include <algorithm>

#include "aws/sigv4.h"
#include "aws/time_text.h"
#include "base/check.h"
#include "crypto/sha256.h"
#include "devkit/aws_emulator/xml_text.h"
#include "http/request_head.h"

namespace nes::aws_emulator {
namespace {

constexpr std::int64_t kSkewMs = 5 * 60 * 1000;
constexpr std::string_view kGlobalRegion = "us-east-1";  // STS's global endpoint is signed for it

struct Name {
  int status;
  std::string_view code;
};

struct Names {
  Refusal refusal;
  Name json;
  Name query;
  Name s3;
};

constexpr Names kNames[] = {
    {Refusal::kMissing,
     {400, "MissingAuthenticationTokenException"},
     {403, "MissingAuthenticationToken"},
     {403, "AccessDenied"}},
    {Refusal::kMalformed,
     {400, "IncompleteSignatureException"},
     {403, "IncompleteSignature"},
     {400, "AuthorizationHeaderMalformed"}},
    {Refusal::kUnknownKey,
     {400, "UnrecognizedClientException"},
     {403, "InvalidClientTokenId"},
     {403, "InvalidAccessKeyId"}},
    {Refusal::kWrongToken,
     {400, "UnrecognizedClientException"},
     {403, "InvalidClientTokenId"},
     {400, "InvalidToken"}},
    {Refusal::kExpired, {400, "ExpiredTokenException"}, {403, "ExpiredToken"}, {400, "ExpiredToken"}},
    {Refusal::kExpiredTime,
     {400, "InvalidSignatureException"},
     {403, "SignatureDoesNotMatch"},
     {403, "RequestTimeTooSkewed"}},
    {Refusal::kFutureTime,
     {400, "InvalidSignatureException"},
     {403, "SignatureDoesNotMatch"},
     {403, "RequestTimeTooSkewed"}},
    {Refusal::kWrongScope,
     {400, "InvalidSignatureException"},
     {403, "SignatureDoesNotMatch"},
     {400, "AuthorizationHeaderMalformed"}},
    {Refusal::kWrongPayload,
     {400, "InvalidSignatureException"},
     {403, "SignatureDoesNotMatch"},
     {400, "XAmzContentSHA256Mismatch"}},
    {Refusal::kUnsupported,
     {400, "IncompleteSignatureException"},
     {403, "IncompleteSignature"},
     {501, "NotImplemented"}},
    {Refusal::kWrongSignature,
     {400, "InvalidSignatureException"},
     {403, "SignatureDoesNotMatch"},
     {403, "SignatureDoesNotMatch"}},
};

// A verdict without a message refuses nothing: the next step decides.
Verdict refused(Refusal refusal, std::string message) { return {nullptr, refusal, std::move(message)}; }
bool is_refused(const Verdict& verdict) noexcept { return !verdict.message.empty(); }

bool is_equal(std::string_view a, std::string_view b) noexcept {
  return secret::equal_constant_time(as_bytes(a), as_bytes(b));
}

bool is_signed(const aws::Authorization& authorization, std::string_view lower_name) {
  return std::binary_search(authorization.signed_headers.begin(), authorization.signed_headers.end(),
                            lower_name);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

// The headers that are signed; nothing if one of them was not sent, or if host or an x-amz- header is not
// signed.
std::optional<aws::Headers> signed_headers(const Request& request, const aws::Authorization& authorization) {
  aws::Headers out;
  for (const auto& [name, value] : request.headers) {
    const std::string lower_name = lower(name);
    if (is_signed(authorization, lower_name))
      out.emplace_back(name, value);
    else if (lower_name == "host" || lower_name.starts_with("x-amz-"))
      return std::nullopt;
  }
  const auto is_sent = [&](const std::string& wanted) {
    return std::any_of(out.begin(), out.end(),
                       [&](const auto& header) { return http::equals_ignore_case(header.first, wanted); });
  };
  if (!std::all_of(authorization.signed_headers.begin(), authorization.signed_headers.end(), is_sent))
    return std::nullopt;
  return out;
}

Verdict check_principal(const Request& request, const aws::Authorization& authorization,
                        const Principals& principals, std::int64_t now_ms) {
  const Principal* const principal = principals.find(authorization.access_key_id);
  if (principal == nullptr)
    return refused(Refusal::kUnknownKey, "The security token included in the request is invalid.");
  if (!is_equal(request.header("x-amz-security-token"), principal->credentials.session_token))
    return refused(Refusal::kWrongToken, "The security token included in the request is invalid.");
  if (principal->credentials.expires_unix_ms <= now_ms)
    return refused(Refusal::kExpired, "The security token included in the request is expired");
  return {principal, {}, {}};
}

// Of x-amz-date; `signed_ms` receives it.
Verdict check_time(const Request& request, std::int64_t now_ms, std::int64_t& signed_ms) {
  const std::string_view text = request.header("x-amz-date");
  const std::optional<std::int64_t> at_ms = aws::parse_amz_date_ms(text);
  if (!at_ms)
    return refused(Refusal::kMalformed,
                   "Authorization header requires existence of a valid 'X-Amz-Date' header.");
  signed_ms = *at_ms;
  const std::string now = aws::format_amz_date(now_ms);
  if (signed_ms < now_ms - kSkewMs)
    return refused(Refusal::kExpiredTime,
                   "Signature expired: " + std::string(text) + " is now earlier than " +
                       aws::format_amz_date(now_ms - kSkewMs) + " (" + now + " - 5 min.)");
  if (signed_ms > now_ms + kSkewMs)
    return refused(Refusal::kFutureTime,
                   "Signature not yet current: " + std::string(text) + " is still later than " +
                       aws::format_amz_date(now_ms + kSkewMs) + " (" + now + " + 5 min.)");
  return {};
}

Verdict check_scope(const aws::Authorization& authorization, const SignedService& service,
                    std::int64_t signed_ms) {
  if (authorization.service != service.name)
    return refused(Refusal::kWrongScope,
                   "Credential should be scoped to correct service: '" + std::string(service.name) + "'.");
  const bool is_global = service.protocol == Protocol::kQuery && authorization.region == kGlobalRegion;
  if (authorization.region != service.region && !is_global)
    return refused(Refusal::kWrongScope, "Credential should be scoped to a valid region.");
  if (authorization.day != aws::format_amz_date(signed_ms).substr(0, authorization.day.size()))
    return refused(Refusal::kWrongScope, "Date in Credential scope does not match YYYYMMDD from X-Amz-Date.");
  return {};
}

// What stands for the payload in the canonical request.
Verdict payload_hash(const Request& request, Protocol protocol, std::string& hash) {
  const auto digest = crypto::sha256({as_bytes(request.body)});
  const std::string actual = digest.ok() ? base::hex_encode(*digest) : std::string();
  const std::string_view said = request.header("x-amz-content-sha256");
  hash = actual;
  if (said == actual) return {};
  if (protocol != Protocol::kS3)
    return said.empty() ? Verdict{} : refused(Refusal::kWrongPayload, "The payload is not what was signed.");
  if (said == "UNSIGNED-PAYLOAD" || said == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    hash = said;
    return {};
  }
  if (said.starts_with("STREAMING-"))
    return refused(Refusal::kUnsupported, "The emulator does not take signed chunks.");
  if (said.empty())
    return refused(Refusal::kMalformed, "Missing required header for this request: x-amz-content-sha256");
  return refused(Refusal::kWrongPayload,
                 "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

}  // namespace

Verdict authenticate(const Request& request, const SignedService& service, const Principals& principals,
                     std::int64_t now_ms) {
  const std::string_view value = request.header("authorization");
  if (value.empty()) return refused(Refusal::kMissing, "Missing Authentication Token");
  const auto authorization = aws::parse_authorization(value);
  if (!authorization.ok())
    return refused(Refusal::kMalformed, std::string(authorization.error().reason.view()));
  Verdict verdict = check_principal(request, *authorization, principals, now_ms);
  if (is_refused(verdict)) return verdict;

  std::int64_t signed_ms = 0;
  if (Verdict checked = check_time(request, now_ms, signed_ms); is_refused(checked)) return checked;
  if (Verdict checked = check_scope(*authorization, service, signed_ms); is_refused(checked)) return checked;
  const std::optional<aws::Headers> headers = signed_headers(request, *authorization);
  if (!headers || !is_signed(*authorization, "host"))
    return refused(Refusal::kMalformed,
                   "The host and every x-amz- header must be signed, and what is signed be sent.");
  std::string hash;
  if (Verdict checked = payload_hash(request, service.protocol, hash); is_refused(checked)) return checked;

  const auto style = service.protocol == Protocol::kS3 ? aws::SigningStyle::kS3 : aws::SigningStyle::kCommon;
  const std::string canonical = aws::canonical_request(
      {request.method, request.path, request.query, *headers, {}}, *headers, style, hash);
  const auto signature = aws::signature_of(
      canonical, verdict.principal->credentials.secret_access_key,
      {.region = authorization->region, .service = service.name, .style = style, .unix_ms = signed_ms});
  if (!signature.ok() || !is_equal(*signature, authorization->signature))
    return refused(
        Refusal::kWrongSignature,
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method.");
  return verdict;
}

Answer refuse(Protocol protocol, const Verdict& verdict) {
  for (const Names& names : kNames) {
    if (names.refusal != verdict.refusal) continue;
    const Name& name = protocol == Protocol::kJson    ? names.json
                       : protocol == Protocol::kQuery ? names.query
                                                      : names.s3;
    return error_answer(protocol, name.status, name.code, verdict.message);
  }
  NES_CHECK(false && "a Refusal outside its enumeration");
}

Answer error_answer(Protocol protocol, int status, std::string_view code, std::string_view message) {
  switch (protocol) {
    case Protocol::kJson: return json_error(status, code, message);
    case Protocol::kQuery: return query_error(status, code, message);
    case Protocol::kS3: break;
  }
  return s3_error(status, code, message);
}

}  // namespace nes::aws_emulator

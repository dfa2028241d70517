#include "aws/remote_code.h"

#include "aws/json_fields.h"
#include "aws/xml.h"
#include "base/check.h"

namespace nes::aws {
namespace {

struct Named {
  std::string_view name;
  RemoteCode code;
};

// KMS, Secrets Manager and STS without the suffix Exception, which some of them leave out; S3 as it is.
constexpr Named kNames[] = {
    {"Throttling", RemoteCode::kThrottled},
    {"ThrottledException", RemoteCode::kThrottled},
    {"TooManyRequests", RemoteCode::kThrottled},
    {"RequestLimitExceeded", RemoteCode::kThrottled},
    {"RequestThrottled", RemoteCode::kThrottled},
    {"ProvisionedThroughputExceeded", RemoteCode::kThrottled},
    {"SlowDown", RemoteCode::kThrottled},
    {"InternalError", RemoteCode::kUnavailable},
    {"InternalServiceError", RemoteCode::kUnavailable},
    {"InternalServerError", RemoteCode::kUnavailable},
    {"InternalFailure", RemoteCode::kUnavailable},
    {"KMSInternal", RemoteCode::kUnavailable},
    {"DependencyTimeout", RemoteCode::kUnavailable},
    {"KeyUnavailable", RemoteCode::kUnavailable},
    {"ServiceUnavailable", RemoteCode::kUnavailable},
    {"RequestTimeout", RemoteCode::kUnavailable},
    {"RequestTimeTooSkewed", RemoteCode::kClockSkew},
    {"RequestExpired", RemoteCode::kClockSkew},
    {"RequestInTheFuture", RemoteCode::kClockSkew},
    {"InvalidSignature", RemoteCode::kSignature},
    {"SignatureDoesNotMatch", RemoteCode::kSignature},
    {"AuthFailure", RemoteCode::kSignature},
    {"ExpiredToken", RemoteCode::kExpiredCredentials},
    {"TokenRefreshRequired", RemoteCode::kExpiredCredentials},
    {"UnrecognizedClient", RemoteCode::kExpiredCredentials},
    {"InvalidClientTokenId", RemoteCode::kExpiredCredentials},
    {"InvalidAccessKeyId", RemoteCode::kExpiredCredentials},
    {"InvalidToken", RemoteCode::kExpiredCredentials},
    {"AccessDenied", RemoteCode::kAccessDenied},
    {"NotFound", RemoteCode::kNotFound},
    {"ResourceNotFound", RemoteCode::kNotFound},
    {"NoSuchKey", RemoteCode::kNotFound},
    {"NoSuchBucket", RemoteCode::kNotFound},
    {"ResourceExists", RemoteCode::kAlreadyExists},
    {"InvalidCiphertext", RemoteCode::kInvalidCiphertext},
    {"IncorrectKey", RemoteCode::kIncorrectKey},
    {"Disabled", RemoteCode::kKeyUnusable},
    {"KMSInvalidState", RemoteCode::kKeyUnusable},
    {"InvalidKeyUsage", RemoteCode::kKeyUnusable},
    {"Validation", RemoteCode::kInvalidRequest},
    {"Serialization", RemoteCode::kInvalidRequest},
    {"InvalidParameter", RemoteCode::kInvalidRequest},
    {"InvalidRequest", RemoteCode::kInvalidRequest},
    {"InvalidArgument", RemoteCode::kInvalidRequest},
};

struct Meaning {
  RemoteCode code;
  ErrorCode error;
  base::StaticText reason;
};

constexpr Meaning kMeanings[] = {
    {RemoteCode::kThrottled, ErrorCode::kRateLimited, "AWS throttles"},
    {RemoteCode::kUnavailable, ErrorCode::kOverloaded, "AWS is unavailable"},
    {RemoteCode::kClockSkew, ErrorCode::kNotAllowed, "AWS refuses the request's time"},
    {RemoteCode::kSignature, ErrorCode::kNotAllowed, "AWS refuses the signature"},
    {RemoteCode::kExpiredCredentials, ErrorCode::kNotAllowed, "AWS refuses the credentials"},
    {RemoteCode::kAccessDenied, ErrorCode::kNotAllowed, "AWS denies access"},
    {RemoteCode::kNotFound, ErrorCode::kNotFound, "AWS does not find what was asked for"},
    {RemoteCode::kAlreadyExists, ErrorCode::kMalformedRequest, "AWS has one of that name already"},
    {RemoteCode::kInvalidCiphertext, ErrorCode::kMalformedRequest, "KMS calls the ciphertext invalid"},
    {RemoteCode::kIncorrectKey, ErrorCode::kMalformedRequest,
     "KMS says that another key made the ciphertext"},
    {RemoteCode::kKeyUnusable, ErrorCode::kNotAllowed, "the KMS key is out of use"},
    {RemoteCode::kInvalidRequest, ErrorCode::kMalformedRequest, "AWS calls the request invalid"},
    {RemoteCode::kOther, ErrorCode::kMalformedRequest, "AWS refuses the request"},
};

// `com.amazonaws.kms#NotFoundException:http://…` is NotFound.
std::string_view bare_name(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const std::size_t hash = text.rfind('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
  if (text.ends_with("Exception") && text != "ThrottledException")
    text.remove_suffix(std::string_view("Exception").size());
  return text;
}

// Of the body, or nothing if it has none that can be read.
std::string name_in_body(const HttpAnswer& answer) {
  const std::string_view text = as_text(answer.body.reveal());
  if (text.starts_with('{')) {
    const Result<JsonFields> fields = JsonFields::parse(text);
    if (!fields.ok()) return {};
    for (const char* name : {"__type", "code"})
      if (const auto type = fields->optional_string(name); type.ok() && *type) return std::string(**type);
    return {};
  }
  const Result<XmlElement> root = parse_xml(text);
  return root.ok() && root->name == "Error" ? std::string(root->child_text("Code")) : std::string();
}

}  // namespace

RemoteCode remote_code(const HttpAnswer& answer) {
  std::string name(answer.header("x-amzn-errortype"));
  if (name.empty()) name = name_in_body(answer);
  const std::string_view bare = bare_name(name);
  for (const Named& known : kNames)
    if (known.name == bare) return known.code;
  if (answer.status == 429 || answer.status == 503) return RemoteCode::kThrottled;
  if (answer.status >= 500) return RemoteCode::kUnavailable;
  if (answer.status == 403) return RemoteCode::kAccessDenied;
  if (answer.status == 404) return RemoteCode::kNotFound;
  return RemoteCode::kOther;
}

Error remote_error(RemoteCode code, int status) noexcept {
  for (const Meaning& meaning : kMeanings)
    if (meaning.code == code) return {meaning.error, meaning.reason, static_cast<std::uint64_t>(status)};
  NES_CHECK(false && "a RemoteCode outside its enumeration");
}

std::optional<RemoteCode> remote_code_of(const Error& error) noexcept {
  for (const Meaning& meaning : kMeanings)
    if (meaning.reason.view() == error.reason.view()) return meaning.code;
  return std::nullopt;
}

}  // namespace nes::aws

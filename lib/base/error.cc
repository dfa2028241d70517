#include "base/error.h"

#include "base/check.h"

namespace nes::base {

const char* error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kSchemaHeaderMissing: return "schema_header_missing";
    case ErrorCode::kSchemaRootRequired: return "schema_root_required";
    case ErrorCode::kMalformedJson: return "malformed_json";
    case ErrorCode::kMalformedRequest: return "malformed_request";
    case ErrorCode::kNotAllowed: return "not_allowed";
    case ErrorCode::kSchemaUnknown: return "schema_unknown";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kMethodNotAllowed: return "method_not_allowed";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kBodyTooLarge: return "body_too_large";
    case ErrorCode::kUnsupportedMediaType: return "unsupported_media_type";
    case ErrorCode::kTokenRejected: return "token_rejected";
    case ErrorCode::kUndeclaredKey: return "undeclared_key";
    case ErrorCode::kRateLimited: return "rate_limited";
    case ErrorCode::kHeadersTooLarge: return "headers_too_large";
    case ErrorCode::kHttpVersion: return "http_version_not_supported";
    case ErrorCode::kOverloaded: return "overloaded";
    case ErrorCode::kNotReady: return "not_ready";
    case ErrorCode::kKeyNotLoaded: return "key_not_loaded";
    case ErrorCode::kInternal: return "internal";
    case ErrorCode::kConfig: return "config";
    case ErrorCode::kSchemaRefused: return "schema_refused";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kCrypto: return "crypto";
    case ErrorCode::kLimit: return "limit";
    case ErrorCode::kTruncated: return "truncated";
    case ErrorCode::kMalformed: return "malformed";
  }
  NES_CHECK(false && "an ErrorCode outside its enumeration");
}

}  // namespace nes::base

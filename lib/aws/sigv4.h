// Signature Version 4 in the Authorization header, as AWS documents it ("Create a signed AWS API request").
//
// Thread rule: functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/headers.h"
#include "aws/uri.h"
#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret.h"

namespace nes::aws {

struct Credentials {
  std::string access_key_id;
  secret::SecretBytes secret_access_key;
  std::string session_token;  // empty if there is none; goes out as a header, so it is no secret of ours
  std::int64_t expires_unix_ms = 0;  // INT64_MAX: never
};

// How a service wants paths and payloads signed.
enum class SigningStyle : std::uint8_t {
  kCommon,  // the path is normalized and encoded once more; no payload hash header
  kS3,      // the path as it is sent; x-amz-content-sha256
};

struct SigningScope {
  std::string_view region;
  std::string_view service;  // such as kms
  SigningStyle style = SigningStyle::kCommon;
  std::int64_t unix_ms = 0;  // by the service's clock: skew is already added
};

// What is signed. `path` is as it is sent, encoded; `headers` are all that are sent but those that sign()
// adds, `host` among them.
struct SignableRequest {
  std::string_view method;
  std::string_view path;
  const Query& query;
  const Headers& headers;
  ByteView payload;
};

// The headers to add: x-amz-date, x-amz-security-token if there is a token, x-amz-content-sha256 for S3, and
// authorization. Every header is signed. kMalformed if the credentials are empty; kCrypto.
Result<Headers> sign(const SignableRequest& request, const Credentials& credentials,
                     const SigningScope& scope);

// The first step on its own, for tests and for whoever verifies: what is hashed into the string to sign.
// `headers` are all that are signed.
std::string canonical_request(const SignableRequest& request, const Headers& headers, SigningStyle style,
                              std::string_view payload_hash);

// The other steps on their own, for whoever verifies: the signature of a canonical request, in lower-case
// hex. kCrypto.
Result<std::string> signature_of(std::string_view canonical_request,
                                 const secret::SecretBytes& secret_access_key, const SigningScope& scope);

// The value of an Authorization header, taken apart.
struct Authorization {
  std::string access_key_id;
  std::string day;  // of the credential scope: 8 digits
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;  // lower case, ascending, none twice
  std::string signature;                    // 64 lower-case hex digits
};

// Strict: AWS4-HMAC-SHA256, then Credential, SignedHeaders and Signature, each once, in any order, separated
// by a comma and optional spaces. kMalformed.
Result<Authorization> parse_authorization(std::string_view value);

}  // namespace nes::aws

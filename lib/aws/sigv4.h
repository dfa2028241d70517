// Signature Version 4 in the Authorization header, as AWS documents it ("Create a signed AWS API request").
//
// Thread rule: functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

// The first step on its own, for tests and for whoever has to explain a refused signature: what is hashed
// into the string to sign. `headers` are all that are signed.
std::string canonical_request(const SignableRequest& request, const Headers& headers, SigningStyle style,
                              std::string_view payload_hash);

}  // namespace nes::aws

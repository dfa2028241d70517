// Names of AWS resources, checked for their form: a typing error is found at start, not as a remote's error.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "enclave/config/variable.h"

namespace nes::config {

struct SecretArn {
  std::string text;    // verbatim
  std::string region;  // the ARN's fourth part
};

using EncryptionContext = std::map<std::string, std::string>;

// Such as us-east-1, us-gov-west-1, ap-southeast-2.
bool is_region(std::string_view text);
Value<std::string> parse_region(std::string_view text);

// arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME with PARTITION aws, aws-cn or aws-us-gov and an
// account of 12 digits.
Value<SecretArn> parse_secret_arn(std::string_view text);

// A key ARN or a key id: a UUID, or `mrk-` and 32 hex digits. An alias can be moved to another key by whoever
// may call UpdateAlias, so it is refused with a message of its own.
Value<std::string> parse_kms_key_id(std::string_view text);

// The naming rules of general purpose buckets.
Value<std::string> parse_bucket(std::string_view text);

// At most 512 bytes of UTF-8 without control characters, not beginning with `/`. It need not end in `/`.
Value<std::string> parse_s3_prefix(std::string_view text);

// A JSON object of strings, without empty or repeated keys, within KMS's 8 KiB. May be empty.
Value<EncryptionContext> parse_encryption_context(std::string_view text);

}  // namespace nes::config

// The secret that holds the data encryption keys, as the dek commands see it: its versions and their labels,
// and new keys for it. Thin over aws; what to do is decided in staging.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/kms.h"
#include "aws/secrets_manager.h"
#include "tools/nitro_enc/aws_session.h"
#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/staging.h"

namespace nes::nitro_enc {

// --secret-arn, which `occurs` so, behind `flags`; and what belongs to AWS.
std::vector<Flag> with_secret_flags(std::vector<Flag> flags, Occurs occurs = Occurs::kRequired);
// --kms-key-id and --encryption-context, for commands that make keys.
std::vector<Flag> with_key_flags(std::vector<Flag> flags);

// The value of --encryption-context: `none`, or a JSON object of strings. kMalformed; kLimit.
Result<aws::EncryptionContext> parse_encryption_context(std::string_view text);

// Milliseconds since 1970 of a time as Secrets Manager writes it: a JSON number of seconds.
std::optional<std::int64_t> parse_seconds(std::string_view number) noexcept;

// A version 4 UUID (RFC 9562 section 5.4).
std::string random_uuid();

class DekSecret {
 public:
  // Null, after a line on `err`, if a flag is wrong; `status` then says how.
  static std::unique_ptr<DekSecret> open(const Arguments& arguments, Context& context, Status& status);

  std::int64_t now_unix_ms() const noexcept { return session_->now_unix_ms(); }
  const std::string& arn() const noexcept { return arn_; }

  // All, versions without labels included. Errors of aws.
  Result<Versions> versions();
  // An empty secret of this name, which is then the one this object stands for.
  Result<void> create(const std::string& name);
  // A data key under --kms-key-id, encrypted for this secret.
  Result<Bytes> new_key();
  // A new version under `label`. Its id.
  Result<std::string> put(const Bytes& key, std::string_view label);

  // Makes the moves of a plan and reports the first that fails on `err`.
  bool carry_out(const Plan& plan, Context& context);

 private:
  DekSecret(std::unique_ptr<AwsSession> session, std::string arn, std::string key_id,
            std::optional<aws::EncryptionContext> encryption_context);

  std::unique_ptr<AwsSession> session_;
  std::string arn_;
  std::optional<aws::EncryptionContext> encryption_context_;
  aws::SecretsManager secrets_;
  aws::Kms kms_;
};

}  // namespace nes::nitro_enc

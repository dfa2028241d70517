// AWS Secrets Manager: reading a secret's versions, and what the CLI does to them. What it stores for us is
// ciphertext of KMS; it is not trusted with more.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::aws {

struct SecretValue {
  std::string version_id;
  std::vector<std::string> stages;
  std::optional<Bytes> binary;      // SecretBinary; exactly one of the two is there
  std::optional<std::string> text;  // SecretString
};

struct SecretVersion {
  std::string version_id;
  std::vector<std::string> stages;  // none: deprecated
  std::string created;  // seconds since 1970 as the JSON number has them; empty if the answer has none
};

struct SecretDescription {
  std::string arn;
  std::string kms_key_id;  // empty: Secrets Manager's own key
  bool deletion_pending = false;
  std::map<std::string, std::vector<std::string>> stages;  // by version id
};

// Which version GetSecretValue returns.
struct VersionSelector {
  enum class By : std::uint8_t { kStage, kId };
  By by = By::kStage;
  std::string value = "AWSCURRENT";
};

// All errors are Client's, or kMalformed for an answer of another shape. `secret_id`: an ARN or a name.
// Thread rule: one thread, the client's.
class SecretsManager {
 public:
  // `client` must outlive this.
  explicit SecretsManager(Client& client) noexcept : client_(client) {}

  // kMalformed also if the answer is for another version id than the one asked for.
  Result<SecretValue> get(std::string_view secret_id, const VersionSelector& version);
  // All pages, deprecated versions included. kLimit if there are more than limits::kAwsPages.
  Result<std::vector<SecretVersion>> list_versions(std::string_view secret_id);
  Result<SecretDescription> describe(std::string_view secret_id);

  // `token` (a UUID of the caller's) makes it safe to ask twice, and names the version that is made. Both
  // return its id; put() under `stages`, create() under AWSCURRENT.
  Result<std::string> create(std::string_view name, ByteView binary, std::string_view token);
  Result<std::string> put(std::string_view secret_id, ByteView binary, const std::vector<std::string>& stages,
                          std::string_view token);
  // A secret without a version, whose ARN is known before there is anything to encrypt for it. Returns the
  // ARN.
  Result<std::string> create_empty(std::string_view name);
  // Takes `stage` from the version `from` and gives it to the version `to`; either may be empty, not both.
  Result<void> move_stage(std::string_view secret_id, std::string_view stage, std::string_view from,
                          std::string_view to);

 private:
  Result<JsonFields> call(std::string_view operation, std::string body);

  Client& client_;
};

}  // namespace nes::aws

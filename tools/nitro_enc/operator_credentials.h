// AWS credentials of the operator, from the usual places in the usual order: AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN); a profile of the shared credentials file; the container
// endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI); the instance metadata service, version 2.
// The first place that is configured is used, and its failure is final, but for IMDS, which is always last.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "aws/credentials.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

class OperatorCredentials final : public aws::CredentialsSource {
 public:
  OperatorCredentials(Environment environment, aws::Transport transport) noexcept
      : environment_(std::move(environment)), transport_(std::move(transport)) {}

  // Adds: kConfig for a place that is configured wrongly, with a reason that says which.
  Result<aws::Credentials> fetch() override;

 private:
  Result<std::optional<aws::Credentials>> from_file() const;
  Result<std::optional<aws::Credentials>> from_container() const;

  Environment environment_;
  aws::Transport transport_;
};

// The static keys of `profile` in the text of a shared credentials file; nothing if the file has no such
// profile. kConfig if the profile has no keys, or half of them.
Result<std::optional<aws::Credentials>> parse_profile(std::string_view text, std::string_view profile);

}  // namespace nes::nitro_enc

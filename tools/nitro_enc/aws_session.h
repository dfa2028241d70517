// The operator's way to AWS, put together from the flags that all commands which call AWS share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/client.h"
#include "aws/credentials.h"
#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/operator_credentials.h"
#include "tools/nitro_enc/system_dialer.h"

namespace nes::nitro_enc {

// --region, --endpoint-url and --ca-bundle, behind `flags`.
std::vector<Flag> with_aws_flags(std::vector<Flag> flags);

// Neither copied nor moved: its parts refer to each other.
class AwsSession {
 public:
  // `arn`: its region is taken if neither --region nor the environment names one; may be empty. Null, after a
  // line on `err`, if a flag or variable is wrong; `status` then says how.
  static std::unique_ptr<AwsSession> create(const Arguments& arguments, std::string_view arn,
                                            Context& context, Status& status);
  AwsSession(const AwsSession&) = delete;
  AwsSession& operator=(const AwsSession&) = delete;

  aws::Client& client() noexcept { return client_; }
  // Milliseconds since 1970 by AWS's clock, as far as it is known.
  std::int64_t now_unix_ms() const noexcept { return clock_.unix_ms() + client_.clock_offset_ms(); }

 private:
  AwsSession(const Context& context, const std::shared_ptr<const tls::ClientContext>& tls,
             aws::Client::Options options);

  const Clock& clock_;
  SystemDialer dialer_;
  OperatorCredentials source_;
  aws::CredentialsProvider provider_;
  aws::Client client_;
};

// The CA certificates of the file `path`, or of the system if there is none; null after a line on
// `err`.
std::shared_ptr<const tls::ClientContext> trusted_authorities(std::optional<std::string> path,
                                                              Context& context);

}  // namespace nes::nitro_enc

// What the policy commands work on: the intended images and people, and the policy and grants of a key, from
// KMS or from files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/key_access.h"
#include "policy/audit.h"
#include "tools/nitro_enc/aws_session.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

// --summary, --pcr0; --importer, --admin; --kms-key-id, --policy, --grants and AWS's. Behind `flags`.
std::vector<Flag> with_image_flags(std::vector<Flag> flags);
std::vector<Flag> with_people_flags(std::vector<Flag> flags);
std::vector<Flag> with_policy_flags(std::vector<Flag> flags);

// What a build-summary.json says of its build.
struct BuildSummary {
  std::string pcr0;                     // lower case
  std::optional<std::string> runner{};  // REGISTRY/NAME:TAG
  std::optional<std::string> proxy{};
};
// kNotFound and kIo of the file; kMalformed if it has no pcr0, or one that is no PCR0 or zero, which is debug
// mode's.
Result<BuildSummary> read_summary(const std::string& path);

// The values of --summary and --pcr0 and of `more` (flags with a PCR0 as value), in lower case, each once;
// one or two. Nothing after a line on `err`; `status` then says how. `max` is at most 2.
std::optional<std::vector<std::string>> intended_pcr0s(const Arguments& arguments, std::size_t max,
                                                       Context& context, Status& status);
// --previous-pcr0, of the image that still runs; and its value in lower case, or nothing if it is not given
// or one of `pcr0s`. As above, but `status` is kGood if there is no line on `err`.
Flag previous_flag();
std::optional<std::string> previous_pcr0(const Arguments& arguments, const std::vector<std::string>& pcr0s,
                                         Context& context, Status& status);
// With the people of --importer and --admin, and --previous-pcr0.
std::optional<policy::Intent> parse_intent(const Arguments& arguments, Context& context, Status& status);
// The values of a repeated flag, which must be ARNs of one principal each. As above.
std::optional<std::vector<std::string>> principals_of(const Arguments& arguments, std::string_view flag,
                                                      Context& context, Status& status);
// Of --role: an IAM role's ARN. As above.
std::optional<std::string> role_of(const Arguments& arguments, Context& context, Status& status);

struct KeyPolicy {
  std::string text;
  policy::Policy parsed;
  std::vector<policy::Grant> grants;
  bool knows_grants = false;  // false: a file had the policy and none had the grants
};

// A policy document, or what `aws kms get-key-policy` prints. Errors of the file, and of policy::parse().
Result<KeyPolicy> read_policy_file(const std::string& path);
// What `aws kms list-grants` prints. kMalformed also if it says that there is more.
Result<std::vector<policy::Grant>> read_grants_file(const std::string& path);

// The key of --kms-key-id, with a way to it. Null after a line on `err`; `status` then says how.
struct LiveKey {
  std::unique_ptr<AwsSession> session;
  aws::KeyAccess access;
};
std::unique_ptr<LiveKey> open_key(const Arguments& arguments, Context& context, Status& status);
std::optional<KeyPolicy> fetch_policy(LiveKey& key, Context& context);

// By --policy and --grants, or by --kms-key-id. Nothing after a line on `err`; `status` then says how.
std::optional<KeyPolicy> load_policy(const Arguments& arguments, Context& context, Status& status);

// `text` as a policy. Nothing after a line on `err`.
std::optional<policy::Policy> parse_policy(std::string_view text, std::string_view subject, Context& context);

}  // namespace nes::nitro_enc

#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/policy_check.h"
#include "tools/nitro_enc/policy_inputs.h"
#include "tools/nitro_enc/policy_write.h"

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kRenderDetails =
    "The statement AllowNitroEnclaveDecrypt for the image, to be put into the key's policy. With "
    "--previous-pcr0\n"
    "also for the image that still runs. --whole prints a complete policy that passes policy check.";
constexpr std::string_view kCheckDetails =
    "Good only if exactly the intended images can decrypt (and, if it still can, the one of --previous-pcr0) "
    "and\n"
    "nobody else can take the key: every Allow that\n"
    "gives plaintext without the condition, that lets others than --importer encrypt or others than --admin\n"
    "change the policy, wildcards, zero and stale PCR0s, conditions that do not bind, and grants, each with "
    "its\n"
    "fix. A Deny excuses no Allow.";
constexpr std::string_view kExplainDetails =
    "Which statement or grant decides when the principal asks for the action, from an enclave if --pcr0 is "
    "given.";
constexpr std::string_view kApplyDetails =
    "Puts the statement into the live policy, where no other byte changes, or the whole of --policy FILE in "
    "its\n"
    "place. Shows the difference first. What policy check would refuse is not applied, and there is no way "
    "to\n"
    "insist.";

}  // namespace

std::vector<Command> policy_commands() {
  const Flag json{.name = "json", .help = "JSON on stdout"};
  const Flag role{.name = "role", .value = "ARN", .help = "the role of the enclave's node or pod"};
  const Flag previous = previous_flag();
  const Flag whole{.name = "whole", .help = "a complete policy; needs --admin"};
  const Flag operators{.name = "operator",
                       .value = "ARN",
                       .occurs = Occurs::kRepeated,
                       .help = "with --whole: who runs nitro-enc dek"};
  const Flag auditors{.name = "auditor",
                      .value = "ARN",
                      .occurs = Occurs::kRepeated,
                      .help = "with --whole: who runs policy check, as the gate's role does"};
  const Flag dry_run{.name = "dry-run", .help = "shows and checks, changes nothing"};
  const Flag key{
      .name = "kms-key-id", .value = "KEY", .occurs = Occurs::kRequired, .help = "ARN or id of the KMS key"};
  const Flag file{.name = "policy", .value = "FILE", .help = "a complete policy to apply instead"};
  const Flag principal{.name = "principal",
                       .value = "ARN",
                       .occurs = Occurs::kRequired,
                       .help = "of a role, a user or a session"};
  const Flag action{.name = "action", .value = "ACTION", .help = "default: kms:Decrypt"};
  const Flag pcr0{.name = "pcr0", .value = "HEX", .help = "of the enclave that asks; default: none does"};
  const Flag more{.name = "context",
                  .value = "KEY=VALUE",
                  .occurs = Occurs::kRepeated,
                  .help = "a condition key of the request"};
  return {
      {"policy",
       "render",
       "writes the statement that lets an image decrypt",
       kRenderDetails,
       {with_people_flags(with_image_flags({role, previous, whole, operators, auditors}))},
       render_policy},
      {"policy",
       "check",
       "says who can take the key besides the intended images",
       kCheckDetails,
       {with_policy_flags(with_people_flags(with_image_flags({previous, json})))},
       check_policy},
      {"policy",
       "explain",
       "says which statement decides about a request",
       kExplainDetails,
       {with_policy_flags({principal, action, pcr0, more})},
       explain_policy},
      {"policy",
       "apply",
       "puts the statement into the key's policy",
       kApplyDetails,
       {with_aws_flags(with_people_flags(with_image_flags({key, role, previous, file, dry_run})))},
       apply_policy},
  };
}

}  // namespace nes::nitro_enc

#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/dek_change.h"
#include "tools/nitro_enc/dek_secret.h"
#include "tools/nitro_enc/dek_use.h"
#include "tools/nitro_enc/enclave_keys.h"

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kCreateDetails =
    "With --name a secret is made first, without a version: the encryption context of its key is its ARN, "
    "which\n"
    "is not known before. With --secret-arn the secret is there already and must have no version. The key "
    "is\n"
    "made by KMS and leaves it encrypted only.";
constexpr std::string_view kRotateDetails =
    "Labels the version in use NES-<UTC time>, so that it is never lost, and stages a new key AWSPENDING, "
    "which\n"
    "enclaves load and do not seal with yet. Refused while an AWSPENDING waits to be promoted, or if the "
    "secret\n"
    "would have more than 20 labels.";
constexpr std::string_view kPromoteDetails =
    "Makes the AWSPENDING version the one that seals. Refused until every enclave has had the time to load "
    "it:\n"
    "--refresh-interval-secs since it was made. With --url, every enclave must also list it.";
constexpr std::string_view kRetireDetails =
    "Removes the labels that keep a version, after which Secrets Manager deletes it and what is sealed under "
    "it\n"
    "is lost for good: rewrap first. Every enclave is asked by --url; it is refused if one cannot be "
    "reached,\n"
    "does not have the version in use, is up for less than --quiet-secs, or has opened a token with the key\n"
    "within that time.";
constexpr std::string_view kStatusDetails =
    "One row a version: what it is for, when it was made, its labels, and with --url the kid and how often "
    "and\n"
    "when last the enclaves opened a token with it.";

}  // namespace

std::vector<Command> dek_commands() {
  const Flag name{.name = "name", .value = "NAME", .help = "a secret to make"};
  const Flag interval{.name = "refresh-interval-secs",
                      .value = "N",
                      .help = "the enclaves' DEK_ROTATION_INTERVAL_SECS; default: 3600"};
  const Flag quiet{.name = "quiet-secs", .value = "N", .help = "default: 86400"};
  const Flag version{.name = "version-id",
                     .value = "ID",
                     .occurs = Occurs::kRequired,
                     .help = "of the version, or one of its NES- labels"};
  const Flag json{.name = "json", .help = "JSON on stdout"};
  return {
      {"dek",
       "create",
       "makes the first data key of a secret",
       kCreateDetails,
       {with_secret_flags(with_key_flags({name}), Occurs::kOptional)},
       create_dek},
      {"dek",
       "rotate",
       "stages a new data key",
       kRotateDetails,
       {with_secret_flags(with_key_flags({}))},
       rotate_dek},
      {"dek",
       "promote",
       "seals with the staged key from now on",
       kPromoteDetails,
       {with_secret_flags(with_enclave_flags({interval}))},
       promote_dek},
      {"dek",
       "retire",
       "gives up a key that is out of use",
       kRetireDetails,
       {with_secret_flags(with_enclave_flags({version, quiet}))},
       retire_dek},
      {"dek",
       "status",
       "shows the versions of a secret and their use",
       kStatusDetails,
       {with_secret_flags(with_enclave_flags({json}))},
       print_dek_status},
  };
}

}  // namespace nes::nitro_enc

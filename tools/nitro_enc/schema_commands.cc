#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/schema_check.h"
#include "tools/nitro_enc/schema_file.h"
#include "tools/nitro_enc/schema_sign.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kFiles = 10'000;

constexpr std::string_view kCheckDetails =
    "A file is compiled exactly as the enclave does it; a refusal is one line, FILE:LINE: refused: why. "
    "Then\n"
    "come the paths that would be sealed, for each root, and warnings on stderr: fields that look personal "
    "by\n"
    "name or format and are not sealed (mark one that only looks so `x-pii: false`), and fields sealed\n"
    "deterministically whose values can be counted off. Status 1 on a refusal, and with --strict on a "
    "warning.";
constexpr std::string_view kPathsDetails =
    "One line a planned path: path, mode and context, separated by tabs. Without --root the plan of "
    "requests\n"
    "that name no root.";
constexpr std::string_view kSignDetails =
    "Writes FILE.sig, which goes to S3 beside FILE. The version is --version; else one more than that of "
    "the\n"
    "FILE.sig there is; else 1. A FILE whose FILE.sig is this key's and up to date is left alone. The "
    "enclave\n"
    "refuses a version that falls: where FILE.sig is not kept, pass a --version that grows, such as the time "
    "in\n"
    "seconds. A schema that does not compile is not signed.";
constexpr std::string_view kKeygenDetails =
    "Writes an Ed25519 key as PKCS #8 PEM that only its owner may read, never over a file that is there, "
    "and\n"
    "prints the value of SCHEMA_PUBLIC_KEY.";

constexpr Flag kKeyFlag{
    .name = "key", .value = "KEY.pem", .occurs = Occurs::kRequired, .help = "the signing key, of keygen"};
constexpr Flag kNameFlag{
    .name = "name", .value = "NAME", .help = "the schema's name in requests; default: FILE's name"};
constexpr Flag kBaseFlag{.name = "base-dir",
                         .value = "DIR",
                         .help = "names are paths below DIR, as keys of S3 are below S3_PREFIX"};
constexpr Flag kJsonFlag{.name = "json", .help = "JSON on stdout"};

}  // namespace

std::vector<Command> schema_commands() {
  const Flag strict{.name = "strict", .help = "a warning is a failure"};
  const Flag root{
      .name = "root", .value = "POINTER", .help = "the root, such as #/components/schemas/Payment"};
  const Flag out{
      .name = "out", .value = "KEY.pem", .occurs = Occurs::kRequired, .help = "where the key goes"};
  const Flag version{.name = "version", .value = "N", .help = "1 to 2^53 - 1"};
  const Flag public_key{.name = "public-key",
                        .value = "BASE64",
                        .occurs = Occurs::kRequired,
                        .help = "the enclave's SCHEMA_PUBLIC_KEY"};
  const Flag min_version{
      .name = "min-version", .value = "N", .help = "the enclave's SCHEMA_MIN_VERSION; default: 0"};
  return {
      {"schema",
       "check",
       "says what would be sealed and what looks forgotten",
       kCheckDetails,
       {{strict, kJsonFlag, kDefaultModeFlag}, "FILE", 1, kFiles},
       check_schemas},
      {"schema",
       "paths",
       "lists the planned paths of a schema",
       kPathsDetails,
       {{root, kJsonFlag, kDefaultModeFlag}, "FILE", 1, 1},
       print_paths},
      {"schema", "keygen", "makes a signing key", kKeygenDetails, {{out}}, make_signing_key},
      {"schema", "public-key", "prints the SCHEMA_PUBLIC_KEY of a key", "", {{kKeyFlag}}, print_public_key},
      {"schema",
       "sign",
       "signs schemas",
       kSignDetails,
       {{kKeyFlag, version, kNameFlag, kBaseFlag, kDefaultModeFlag}, "FILE", 1, kFiles},
       sign_schemas},
      {"schema",
       "verify",
       "verifies FILE.sig beside each FILE",
       "",
       {{public_key, min_version, kNameFlag, kBaseFlag}, "FILE", 1, kFiles},
       verify_schemas},
  };
}

}  // namespace nes::nitro_enc

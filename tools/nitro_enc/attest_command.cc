// `nitro-enc attest` (CONTRACTS section 7).
#include <algorithm>
#include <string>

#include "attest/tls_binding.h"
#include "attest/trust_root.h"
#include "attest/verify.h"
#include "aws/time_text.h"
#include "base/limits.h"
#include "crypto/random.h"
#include "tls/unverified_probe.h"
#include "tools/nitro_enc/attest_report.h"
#include "tools/nitro_enc/attest_source.h"
#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kRootFileBytes = std::size_t{64} * 1024;
constexpr std::size_t kDocumentFileBytes = 4 * limits::kAttestationDocumentBytes;
constexpr std::uint64_t kLastPcr = 31;
constexpr std::string_view kAwsRoot = "aws";
constexpr std::string_view kUnsignedRoot = "unsigned-qemu";  // in the report; no name that --root takes

constexpr std::string_view kDetails =
    "With --url: asks for a document with a fresh nonce, over TLS with whoever answers, and verifies it, "
    "that\n"
    "it has the nonce, and that it vouches for the very key that the TLS session was made with. With "
    "--document:\n"
    "verifies a file, as received or in base64, at the time --at. The report is JSON. Status 1, and one "
    "line\n"
    "that names the step, if the document cannot be believed: syntax, chain, signature, measured (the PCRs "
    "of\n"
    "debug mode), pcrs, nonce, user_data, public_key. Without an expected PCR a genuine document of any "
    "enclave\n"
    "passes, with a warning.";

// Adds one expectation; false if `text` is no PCR or the index has one already.
bool expect_pcr(std::string_view index, std::string_view hex, attest::Expected& expected) {
  const auto number = parse_count(index, kLastPcr);
  const auto bytes = base::hex_decode(hex);
  if (!number || !bytes || bytes->size() != attest::kPcrBytes) return false;
  attest::Pcr pcr{};
  std::ranges::copy(*bytes, pcr.begin());
  return expected.pcrs.emplace(static_cast<std::uint8_t>(*number), pcr).second;
}

// --pcr0, --pcr and --nonce; nothing after a line on `err`.
std::optional<attest::Expected> expectations(const Arguments& arguments, Context& context) {
  attest::Expected expected;
  bool good = true;
  if (const auto pcr0 = arguments.value("pcr0")) good = expect_pcr("0", *pcr0, expected);
  for (const std::string_view pcr : arguments.values("pcr")) {
    const std::size_t equals = std::min(pcr.find('='), pcr.size());
    const std::string_view hex = pcr.substr(std::min(equals + 1, pcr.size()));
    good = good && expect_pcr(pcr.substr(0, equals), hex, expected);
  }
  if (!good) {
    context.misused("a PCR is 96 hex digits, its index 0 to 31, each given once");
    return std::nullopt;
  }
  if (const auto hex = arguments.value("nonce")) {
    expected.nonce = base::hex_decode(*hex);
    if (!expected.nonce) {
      context.misused("--nonce is not hex");
      return std::nullopt;
    }
  }
  return expected;
}

std::string root_of(const Arguments& arguments) {
  return arguments.has("unsigned-qemu") ? std::string(kUnsignedRoot) : arguments.text("root", kAwsRoot);
}

Result<attest::TrustRoot> trust_root(const std::string& name) {
  if (name == kAwsRoot) return attest::TrustRoot::aws_nitro();
  NES_TRY_ASSIGN(const std::string pem, read_file(name, kRootFileBytes));
  return attest::TrustRoot::from_pem(pem);
}

// Prints what there is to say; whether the document can be believed.
Status conclude(const Attestation& attestation, Context& context) {
  context.out << report(attestation);
  if (const auto& failure = attestation.verified.failure) {
    std::string step(attest::step_name(failure->step));
    if (failure->step == attest::Step::kPcrs) step += " (PCR" + std::to_string(failure->error.position) + ")";
    return context.refuse("attestation failed at step " + step + ": " +
                          std::string(failure->error.reason.view()));
  }
  if (attestation.expected.pcrs.empty())
    context.warn("no PCR was compared: this is a genuine document of some enclave, of whichever image");
  if (attestation.expected.allow_debug)
    context.warn("debug mode was accepted: the parent may read and change everything inside");
  if (attestation.root == kUnsignedRoot)
    context.warn("the document is not signed: everything in it is a claim of whoever sent it");
  return Status::kGood;
}

Status save_certificate(const std::string& path, const Fetched& fetched, Context& context) {
  const auto pem = tls::boot_ca_pem(fetched.chain_der, fetched.public_key_der);
  if (!pem.ok()) return context.refuse("--save-cert", pem.error());
  const auto written = replace_file(path, *pem);
  if (!written.ok()) return context.refuse(path, written.error());
  return Status::kGood;
}

Status attest_url(const Arguments& arguments, attest::Expected expected, const attest::TrustRoot& root,
                  Context& context) {
  const std::string text = arguments.text("url");
  const auto url = parse_url(text);
  if (!url || !url->address.tls || url->target != "/")
    return context.misused("--url is no https://HOST[:PORT]");
  if (!expected.nonce) {
    expected.nonce.emplace(kNonceBytes);
    crypto::fill_random(*expected.nonce);
  }
  const auto fetched = fetch_document(*url, *expected.nonce, context.clock);
  if (!fetched.ok()) return context.refuse(text, fetched.error());
  auto user_data = attest::tls_user_data(fetched->public_key_der);
  if (!user_data.ok()) return context.refuse(text, user_data.error());
  expected.user_data = std::move(*user_data);

  Attestation attestation{{}, expected, root_of(arguments), context.clock.unix_ms()};
  attestation.verified = attest::parse_and_verify(fetched->document, root, expected, attestation.at_unix_ms);
  require_no_public_key(attestation.verified);
  const Status status = conclude(attestation, context);
  const auto save = arguments.value("save-cert");
  if (status != Status::kGood || !save) return status;
  return save_certificate(std::string(*save), *fetched, context);
}

Status attest_file(const Arguments& arguments, const attest::Expected& expected,
                   const attest::TrustRoot& root, Context& context) {
  std::int64_t at_unix_ms = context.clock.unix_ms();
  if (const auto at = arguments.value("at")) {
    const auto parsed = aws::parse_rfc3339_ms(*at);
    if (!parsed) return context.misused("--at is no time such as 2026-01-02T03:04:05Z");
    at_unix_ms = *parsed;
  }
  const std::string path = arguments.text("document");
  const auto content = read_file(path, kDocumentFileBytes);
  if (!content.ok()) return context.refuse(path, content.error());
  const auto document = decode_document(*content);
  if (!document.ok()) return context.refuse(path, document.error());
  return conclude({attest::parse_and_verify(*document, root, expected, at_unix_ms), expected,
                   root_of(arguments), at_unix_ms},
                  context);
}

Status attest_enclave(const Arguments& arguments, Context& context) {
  const bool online = arguments.has("url");
  if (online == arguments.has("document")) return context.misused("either --url or --document");
  if (online && arguments.has("at")) return context.misused("--at is for --document");
  if (!online && arguments.has("save-cert")) return context.misused("--save-cert is for --url");
  auto expected = expectations(arguments, context);
  if (!expected) return Status::kUsage;
  if (arguments.has("save-cert") && expected->pcrs.empty())
    return context.misused("--save-cert needs an expected PCR: without one any enclave would be trusted");
  expected->allow_debug = arguments.has("allow-debug");
  if (arguments.has("unsigned-qemu") && arguments.has("root"))
    return context.misused("--unsigned-qemu trusts no root");
  if (arguments.has("save-cert") && expected->allow_debug)
    return context.misused("--save-cert is not for an enclave in debug mode");
  const std::string root_name = root_of(arguments);
  const auto root =
      arguments.has("unsigned-qemu") ? attest::TrustRoot::unsigned_development() : trust_root(root_name);
  if (!root.ok()) return context.refuse("--root " + root_name, root.error());
  return online ? attest_url(arguments, std::move(*expected), *root, context)
                : attest_file(arguments, *expected, *root, context);
}

}  // namespace

std::vector<Command> attest_commands() {
  return {
      {"",
       "attest",
       "verifies what an enclave is and that its TLS key is its own",
       kDetails,
       {{{.name = "url", .value = "URL", .help = "https://HOST[:PORT] of a running enclave"},
         {.name = "document", .value = "FILE", .help = "a document on disk"},
         {.name = "pcr0", .value = "HEX", .help = "the expected PCR0, the image's measurement"},
         {.name = "pcr", .value = "N=HEX", .occurs = Occurs::kRepeated, .help = "an expected PCR of index N"},
         {.name = "nonce",
          .value = "HEX",
          .help = "of 16 to 64 bytes; default: random with --url, not compared with --document"},
         {.name = "root", .value = "ROOT", .help = "aws (the default), or a PEM file"},
         {.name = "unsigned-qemu", .help = "only unsigned documents, as QEMU makes them: proves nothing"},
         {.name = "at", .value = "TIME", .help = "verify as at 2026-01-02T03:04:05Z; default: now"},
         {.name = "allow-debug", .help = "accept PCRs of zeros: for looking, never for trust"},
         {.name = "save-cert",
          .value = "FILE",
          .help = "save the enclave's boot CA once its key is attested; needs a PCR"}}},
       attest_enclave},
  };
}

}  // namespace nes::nitro_enc

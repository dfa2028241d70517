#include "tools/nitro_enc/rollout_image.h"

#include "base/bytes.h"
#include "eif/ramdisk_files.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

// As nitro-cli and eif::application_ramdisk() lay out an image; the service's kCaBundlePath below it.
constexpr std::string_view kEnvironmentPath = "env";
constexpr std::string_view kCaBundlePath = "rootfs/etc/nitro-enc-svc/ca-bundle.pem";
constexpr std::size_t kFileBytes = std::size_t{4} << 20;

void add(ImageFacts& facts, std::string what, std::string_view fix) {
  facts.mistakes.push_back({"the image", std::move(what), std::string(fix)});
}

void take_environment(const eif::FoundFiles& files, ImageFacts& facts) {
  const auto file = files.find(kEnvironmentPath);
  if (file == files.end())
    return add(facts, "its ramdisks have no file env: its CID and its ports are not known",
               "build it with nitro-enc or nitro-cli, or give --eif-env and the others instead of --eif");
  auto variables = read_environment(as_text(file->second));
  if (!variables.ok())
    return add(facts, "its file env cannot be read: " + std::string(variables.error().reason.view()),
               "correct the variables that it is built with");
  facts.environment = std::move(*variables);
}

void take_authorities(const eif::FoundFiles& files, ImageFacts& facts) {
  const auto file = files.find(kCaBundlePath);
  if (file == files.end())
    return add(facts, "it has no file " + std::string(kCaBundlePath) + ": whom it trusts is not known",
               "build it from Dockerfile.enclave, which puts the CA bundle there");
  const auto foreign = has_foreign_authority(as_text(file->second));
  if (!foreign.ok())
    return add(facts, "its CA bundle cannot be read: " + std::string(foreign.error().reason.view()),
               "build it with the production CA bundle");
  facts.has_foreign_ca = *foreign;
}

// The file of a flag, or an empty text if it is not given. Nothing after a line on `err`; an empty file is a
// mistake too, because it would count as not given.
std::optional<std::string> file_of(const Arguments& arguments, std::string_view flag, Context& context) {
  const auto path = arguments.value(flag);
  if (!path) return std::string();
  auto text = read_file(std::string(*path), kFileBytes);
  if (text.ok() && !text->empty()) return std::move(*text);
  text.ok() ? context.refuse(std::string(*path) + ": is empty") : context.refuse(*path, text.error());
  return std::nullopt;
}

// `out` is what `read` makes of the file of a flag, if that is given. False after a line on `err`.
template <typename T>
bool read_into(std::optional<T>& out, Result<T> (*read)(std::string_view), std::string_view flag,
               const Arguments& arguments, Context& context) {
  const auto text = file_of(arguments, flag, context);
  if (!text) return false;
  if (text->empty()) return true;
  auto value = read(*text);
  if (!value.ok()) {
    context.refuse(arguments.text(flag), value.error());
    return false;
  }
  out = std::move(*value);
  return true;
}

}  // namespace

std::vector<Flag> with_eif_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "eif", .value = "FILE", .help = "the EIF: its size, PCR0, variables, CA bundle"});
  flags.push_back({.name = "eif-json",
                   .value = "FILE",
                   .help = "without the EIF: describe-eif's JSON, or pcr-values.json"});
  flags.push_back(
      {.name = "eif-env", .value = "FILE", .help = "without the EIF: its variables, KEY=VALUE a line"});
  flags.push_back({.name = "eif-ca", .value = "FILE", .help = "without the EIF: its CA bundle"});
  return flags;
}

ImageFacts facts_of(const EifFile& file) {
  ImageFacts facts;
  facts.bytes = file.content->size();
  facts.pcr0 = base::hex_encode(file.measurements.boot.pcr0);
  if (file.bad_signature)
    add(facts, "its signature does not hold: " + std::string(file.bad_signature->reason.view()),
        "sign it again with nitro-enc eif sign --replace");
  constexpr std::string_view kPaths[] = {kEnvironmentPath, kCaBundlePath};
  const auto files = eif::find_files(file.image, kPaths);
  if (!files.ok()) {
    add(facts,
        "its ramdisks cannot be read: " + std::string(files.error().reason.view()) +
            ": its CID, its ports and whom it trusts are not known",
        "build it with nitro-enc or nitro-cli, or give --eif-env and the others instead of --eif");
    return facts;
  }
  take_environment(*files, facts);
  take_authorities(*files, facts);
  return facts;
}

std::optional<ImageFacts> read_image(const Arguments& arguments, Context& context, Status& status) {
  if (const auto path = arguments.value("eif")) {
    if (arguments.has("eif-json") || arguments.has("eif-env") || arguments.has("eif-ca")) {
      status =
          context.misused("--eif says what --eif-json, --eif-env and --eif-ca say: give it without them");
      return std::nullopt;
    }
    status = Status::kRefused;
    const auto file = open_eif(std::string(*path), context);
    if (!file) return std::nullopt;
    if (file->certificate) warn_of_validity(std::string(*path), *file->certificate, context);
    return facts_of(*file);
  }
  status = Status::kRefused;
  ImageFacts facts;
  if (!read_into(facts.pcr0, read_pcr0, "eif-json", arguments, context) ||
      !read_into(facts.environment, read_environment, "eif-env", arguments, context) ||
      !read_into(facts.has_foreign_ca, has_foreign_authority, "eif-ca", arguments, context))
    return std::nullopt;
  return facts;
}

}  // namespace nes::nitro_enc

// nitro-enc eif: what an enclave image is, and whether it is sound.
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/limits.h"
#include "eif/image.h"
#include "eif/measure.h"
#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

// nitro-cli asks for four times the file, and at least 64 MiB, in pages of 2 MiB.
std::uint64_t memory_needed_mib(std::uint64_t file_bytes) {
  const std::uint64_t mib = (4 * file_bytes + kMebibyte - 1) / kMebibyte;
  return std::max<std::uint64_t>(64, (mib + 1) / 2 * 2);
}

void write_measurements(JsonWriter& json, const eif::Measurements& measurements) {
  json.key("Measurements").begin_object();
  json.key("HashAlgorithm").string("Sha384 { ... }");
  json.key("PCR0").string(base::hex_encode(measurements.pcr0));
  json.key("PCR1").string(base::hex_encode(measurements.pcr1));
  json.key("PCR2").string(base::hex_encode(measurements.pcr2));
  json.end();
}

Status describe_eif(const Arguments& arguments, Context& context) {
  const std::string path(arguments.operands().front());
  const auto file = read_file(path, limits::kEifBytes);
  if (!file.ok()) return context.refuse(path, file.error());
  const auto image = eif::read(as_bytes(*file));
  if (!image.ok()) return context.refuse(path, image.error());
  const auto measurements = eif::measure(*image);
  if (!measurements.ok()) return context.refuse(path, measurements.error());
  JsonWriter json;
  json.begin_object().key("EifVersion").number(image->version);
  write_measurements(json, *measurements);
  json.key("IsSigned").boolean(image->is_signed());
  json.key("CheckCRC").boolean(true);
  context.out << std::move(json.end()).finish();
  context.err << "enclave memory needed: " << memory_needed_mib(file->size()) << " MiB\n";
  return Status::kGood;
}

Status verify_eif(const Arguments& arguments, Context& context) {
  const std::string path(arguments.operands().front());
  const auto file = read_file(path, limits::kEifBytes);
  if (!file.ok()) return context.refuse(path, file.error());
  const auto image = eif::read(as_bytes(*file));
  if (!image.ok()) return context.refuse(path, image.error());
  if (image->is_signed()) return context.refuse(path + ": signed, and signatures cannot be checked yet");
  const auto measurements = eif::measure(*image);
  if (!measurements.ok()) return context.refuse(path, measurements.error());
  if (const auto expected = arguments.value("pcr0")) {
    const auto digest = base::hex_decode(*expected);
    if (!digest || digest->size() != measurements->pcr0.size())
      return context.misused("--pcr0 is not 96 hex digits");
    if (!std::ranges::equal(*digest, measurements->pcr0)) return context.refuse(path + ": PCR0 is another");
  }
  JsonWriter json;
  json.begin_object();
  write_measurements(json, *measurements);
  context.out << std::move(json.end()).finish();
  return Status::kGood;
}

}  // namespace

std::vector<Command> eif_commands() {
  return {{"eif",
           "describe",
           "print what an enclave image is and its PCRs, as JSON",
           "",
           {{}, "FILE", 1, 1},
           describe_eif},
          {"eif",
           "verify",
           "check an enclave image's structure and checksum, and recompute its PCRs",
           "Signed images are refused: the signature is not checked.",
           {{{"pcr0", "HEX", Occurs::kOptional, "refuse an image with another PCR0"}}, "FILE", 1, 1},
           verify_eif}};
}

}  // namespace nes::nitro_enc

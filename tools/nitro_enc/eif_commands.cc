// nitro-enc eif: what an enclave image is, and whether it is sound.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "eif/image.h"
#include "eif/measure.h"
#include "json/reader.h"
#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kMeasurementsBytes = std::size_t{64} * 1024;
constexpr std::size_t kMeasurementsDepth = 8;
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

// nitro-cli asks for four times the file, and at least 64 MiB, in pages of 2 MiB.
std::uint64_t memory_needed_mib(std::uint64_t file_bytes) {
  const std::uint64_t mib = (4 * file_bytes + kMebibyte - 1) / kMebibyte;
  return std::max<std::uint64_t>(64, (mib + 1) / 2 * 2);
}

// PCR0, PCR1 and PCR2 of what nitro-cli build-enclave prints: strings of the object `Measurements`. Others
// are passed over; kMalformed if one of the three is missing or repeated.
Result<std::array<std::string, 3>> read_measurements(std::string_view text) {
  constexpr std::string_view kNames[] = {"PCR0", "PCR1", "PCR2"};
  std::array<std::string, 3> found;
  json::Reader reader(text, kMeasurementsDepth);
  std::size_t depth = 0;
  std::string outer;
  std::string key;
  for (;;) {
    NES_TRY_ASSIGN(const json::Event event, reader.next());
    if (event.type == json::EventType::kEnd) break;
    if (event.type == json::EventType::kBeginObject || event.type == json::EventType::kBeginArray) ++depth;
    if (event.type == json::EventType::kEndObject || event.type == json::EventType::kEndArray) --depth;
    if (event.type == json::EventType::kKey) (depth == 1 ? outer : key) = event.text;
    if (event.type != json::EventType::kString || depth != 2 || outer != "Measurements") continue;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (key != kNames[i]) continue;
      if (!found[i].empty()) return Error{ErrorCode::kMalformed, "a measurement comes twice"};
      found[i] = event.text;
    }
  }
  for (const std::string& pcr : found)
    if (pcr.empty()) return Error{ErrorCode::kMalformed, "a measurement is missing"};
  return found;
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

// Status::kGood if the file names the PCRs of the image.
Status compare_measurements(const std::string& path, const eif::Measurements& measurements,
                            Context& context) {
  const auto text = read_file(path, kMeasurementsBytes);
  if (!text.ok()) return context.refuse(path, text.error());
  const auto expected = read_measurements(*text);
  if (!expected.ok()) return context.refuse(path, expected.error());
  const auto& ours = {measurements.pcr0, measurements.pcr1, measurements.pcr2};
  std::size_t index = 0;
  for (const auto& pcr : ours) {
    const auto digest = base::hex_decode((*expected)[index]);
    if (!digest || !std::ranges::equal(*digest, pcr))
      return context.refuse(path + ": PCR" + std::to_string(index) + " is another");
    ++index;
  }
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
  if (const auto file_of_others = arguments.value("measurements")) {
    const Status status = compare_measurements(std::string(*file_of_others), *measurements, context);
    if (status != Status::kGood) return status;
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
           {{{"pcr0", "HEX", Occurs::kOptional, "refuse an image with another PCR0"},
             {"measurements", "FILE", Occurs::kOptional,
              "refuse an image whose PCR0, PCR1 or PCR2 is not that of nitro-cli build-enclave's output"}},
            "FILE",
            1,
            1},
           verify_eif}};
}

}  // namespace nes::nitro_enc

// nitro-enc eif describe and verify: what an enclave image is, and whether it is sound.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "json/reader.h"
#include "tools/nitro_enc/eif_actions.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kMeasurementsBytes = std::size_t{64} * 1024;
constexpr std::size_t kMeasurementsDepth = 8;

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

// --pcr0 to --pcr8, each if it is given. An image without a signature has no PCR8.
Status compare_flags(const Arguments& arguments, const EifFile& file, const std::string& path,
                     Context& context) {
  const std::pair<std::string, const crypto::Sha384Digest*> registers[] = {
      {"0", &file.measurements.boot.pcr0},
      {"1", &file.measurements.boot.pcr1},
      {"2", &file.measurements.boot.pcr2},
      {"8", file.measurements.certificate ? &*file.measurements.certificate : nullptr}};
  for (const auto& [index, pcr] : registers) {
    const auto expected = arguments.value("pcr" + index);
    if (!expected) continue;
    const auto digest = base::hex_decode(*expected);
    if (!digest || digest->size() != crypto::Sha384Digest{}.size())
      return context.misused("--pcr" + index + " is not 96 hex digits");
    if (pcr == nullptr) return context.refuse(path + ": there is no PCR8: the image is not signed");
    if (!std::ranges::equal(*digest, *pcr)) return context.refuse(path + ": PCR" + index + " is another");
  }
  return Status::kGood;
}

}  // namespace

Status describe_eif(const Arguments& arguments, Context& context) {
  const auto file = open_eif(std::string(arguments.operands().front()), context);
  if (!file) return Status::kRefused;
  JsonWriter json;
  json.begin_object().key("EifVersion").number(file->image.version);
  write_measurements(json, file->measurements, file->content->size());
  json.key("IsSigned").boolean(file->image.is_signed());
  if (file->certificate) write_certificate(json, *file->certificate);
  json.key("CheckCRC").boolean(true);
  if (file->image.is_signed()) json.key("SignatureCheck").boolean(!file->bad_signature);
  write_metadata(json, file->metadata);
  context.out << std::move(json.end()).finish();
  return Status::kGood;
}

Status verify_eif(const Arguments& arguments, Context& context) {
  const std::string path(arguments.operands().front());
  const auto file = open_eif(path, context);
  if (!file) return Status::kRefused;
  if (file->bad_signature) return context.refuse(path, *file->bad_signature);
  if (arguments.has("signed") && !file->image.is_signed())
    return context.refuse(path + ": the image is not signed");
  if (const Status status = compare_flags(arguments, *file, path, context); status != Status::kGood)
    return status;
  if (const auto others = arguments.value("measurements")) {
    const Status status = compare_measurements(std::string(*others), file->measurements.boot, context);
    if (status != Status::kGood) return status;
  }
  if (file->certificate) warn_of_validity(path, *file->certificate, context);
  JsonWriter json;
  json.begin_object();
  write_measurements(json, file->measurements, file->content->size());
  context.out << std::move(json.end()).finish();
  return Status::kGood;
}

}  // namespace nes::nitro_enc

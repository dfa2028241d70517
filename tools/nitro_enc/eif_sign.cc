// nitro-enc eif sign: a signature by a local key, and with it PCR8.
#include <algorithm>

#include "base/limits.h"
#include "eif/limits.h"
#include "eif/signature.h"
#include "tools/nitro_enc/eif_actions.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/eif_signer.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

struct Signer {
  Bytes certificate_pem;
  eif::Certificate certificate;
  secret::SecretBytes key_pem;
};

std::optional<Signer> read_signer(const Arguments& arguments, Context& context) {
  const std::string certificate_path = arguments.text("signing-certificate");
  const std::string key_path = arguments.text("private-key");
  auto pem = read_bytes(certificate_path, limits::kEifCertificateBytes);
  auto certificate = pem.ok() ? eif::parse_certificate(*pem) : Result<eif::Certificate>(pem.error());
  if (!certificate.ok()) {
    context.refuse(certificate_path, certificate.error());
    return std::nullopt;
  }
  auto key = read_secret_file(key_path, limits::kEifKeyBytes);
  if (!key.ok()) {
    context.refuse(key_path, key.error());
    return std::nullopt;
  }
  warn_of_validity(certificate_path, *certificate, context);
  return Signer{std::move(*pem), std::move(*certificate), std::move(*key)};
}

Result<Bytes> measured_file(std::span<const eif::Section> sections, ImageMeasurements& measurements) {
  // The CRC of an image needs its bytes, the PCRs only its sections.
  NES_TRY_ASSIGN(measurements.boot,
                 eif::measure({.version = 4, .crc32 = 0, .sections = {sections.begin(), sections.end()}}));
  return eif::write(sections);
}

}  // namespace

std::optional<Bytes> signed_file(std::vector<eif::Section> sections, const Arguments& arguments,
                                 Context& context, ImageMeasurements& measurements) {
  const auto failed = [&context](std::string_view what, const Error& error) {
    context.refuse(what, error);
    return std::nullopt;
  };
  auto file = measured_file(sections, measurements);
  if (!file.ok()) return failed("the image", file.error());
  if (!arguments.has("private-key")) return std::move(*file);
  const auto signer = read_signer(arguments, context);
  if (!signer) return std::nullopt;
  auto section = eif::sign(signer->certificate_pem, signer->key_pem, measurements.boot.pcr0);
  if (!section.ok()) return failed(arguments.text("private-key"), section.error());
  const auto pcr8 = eif::measure_certificate(signer->certificate);
  if (!pcr8.ok()) return failed("PCR8", pcr8.error());
  measurements.certificate = *pcr8;
  sections.push_back({eif::SectionType::kSignature, *section});
  file = eif::write(sections);
  if (!file.ok()) return failed("the image", file.error());
  return std::move(*file);
}

Status sign_eif(const Arguments& arguments, Context& context) {
  const std::string path(arguments.operands().front());
  const std::string output = arguments.text("output-file", path);
  const auto file = open_eif(path, context);
  if (!file) return Status::kRefused;
  if (file->image.is_signed() && !arguments.has("replace"))
    return context.refuse(path + ": signed already; --replace puts another signature in its place");
  std::vector<eif::Section> sections = file->image.sections;
  std::erase_if(sections, [](const eif::Section& s) { return s.type == eif::SectionType::kSignature; });
  ImageMeasurements measurements;
  const auto signed_bytes = signed_file(std::move(sections), arguments, context, measurements);
  if (!signed_bytes) return Status::kRefused;
  if (const auto written = replace_file(output, as_text(*signed_bytes)); !written.ok())
    return context.refuse(output, written.error());
  JsonWriter json;
  json.begin_object();
  write_measurements(json, measurements, signed_bytes->size());
  context.out << std::move(json.end()).finish();
  return Status::kGood;
}

}  // namespace nes::nitro_enc

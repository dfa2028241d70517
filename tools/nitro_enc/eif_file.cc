#include "tools/nitro_enc/eif_file.h"

#include "base/limits.h"
#include "eif/measure.h"
#include "eif/metadata.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

Result<EifFile> measured(std::shared_ptr<const Bytes> content) {
  EifFile file{.content = std::move(content), .image = {}, .metadata = {}, .measurements = {}};
  NES_TRY_ASSIGN(file.image, eif::read(*file.content));
  NES_TRY_ASSIGN(file.metadata, eif::parse_metadata(file.image.find(eif::SectionType::kMetadata)));
  NES_TRY_ASSIGN(file.measurements.boot, eif::measure(file.image));
  if (!file.image.is_signed()) return file;
  const ByteView section = file.image.find(eif::SectionType::kSignature);
  auto certificate = eif::verify_signature(section, file.measurements.boot.pcr0);
  if (!certificate.ok()) {
    file.bad_signature = certificate.error();
    certificate = eif::read_certificate(section);
  }
  if (!certificate.ok()) return file;
  NES_TRY_ASSIGN(file.measurements.certificate, eif::measure_certificate(*certificate));
  file.certificate = std::move(*certificate);
  return file;
}

}  // namespace

std::optional<EifFile> open_eif(const std::string& path, Context& context) {
  auto content = read_bytes(path, limits::kEifBytes);
  if (!content.ok()) {
    context.refuse(path, content.error());
    return std::nullopt;
  }
  auto file = measured(std::make_shared<const Bytes>(std::move(*content)));
  if (!file.ok()) {
    context.refuse(path, file.error());
    return std::nullopt;
  }
  return std::move(*file);
}

void warn_of_validity(const std::string& path, const eif::Certificate& certificate, Context& context) {
  const std::int64_t now_s = context.clock.unix_ms() / 1000;
  if (now_s < certificate.not_before_s)
    context.warn(path + ": the signing certificate is not valid yet");
  else if (now_s > certificate.not_after_s)
    context.warn(path + ": the signing certificate has expired, and nitro-cli does not start such an image");
}

std::string printable(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 0xF];
    }
  }
  return out;
}

}  // namespace nes::nitro_enc

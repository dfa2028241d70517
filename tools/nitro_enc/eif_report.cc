#include "tools/nitro_enc/eif_report.h"

#include <string>

#include "base/bytes.h"
#include "eif/memory.h"

namespace nes::nitro_enc {
namespace {

// As nitro-cli prints a list of bytes: `[30, 81, 88]`, in hex.
std::string byte_list(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = "[";
  for (const std::uint8_t byte : bytes) {
    if (text.size() > 1) text += ", ";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text + "]";
}

}  // namespace

void write_measurements(JsonWriter& json, const ImageMeasurements& measurements, std::uint64_t file_bytes) {
  json.key("Measurements").begin_object();
  json.key("HashAlgorithm").string("Sha384 { ... }");
  json.key("PCR0").string(base::hex_encode(measurements.boot.pcr0));
  json.key("PCR1").string(base::hex_encode(measurements.boot.pcr1));
  json.key("PCR2").string(base::hex_encode(measurements.boot.pcr2));
  if (measurements.certificate) json.key("PCR8").string(base::hex_encode(*measurements.certificate));
  json.end();
  json.key("MinimumMemoryMib").number(eif::memory_needed_mib(file_bytes));
}

void write_certificate(JsonWriter& json, const eif::Certificate& certificate) {
  json.key("SigningCertificate").begin_object();
  json.key("IssuerName").begin_object();
  for (const auto& [name, value] : certificate.issuer) json.key(name).string(value);
  json.end();
  json.key("Algorithm").string(certificate.algorithm);
  json.key("NotBefore").string(certificate.not_before);
  json.key("NotAfter").string(certificate.not_after);
  json.key("Signature").string(byte_list(certificate.signature));
  json.end();
}

void write_metadata(JsonWriter& json, const eif::JsonTree& metadata) {
  for (const std::string_view name : {"ImageName", "ImageVersion"})
    if (const eif::JsonTree* value = metadata.find(name)) write_tree(json.key(name), *value);
  const eif::JsonTree* const build = metadata.find("BuildMetadata");
  if (build == nullptr || !build->is_object()) return;
  json.key("Metadata").begin_object();
  for (const auto& [name, value] : build->members()) write_tree(json.key(name), value);
  for (const std::string_view name : {"DockerInfo", "CustomMetadata"})
    if (const eif::JsonTree* value = metadata.find(name); value != nullptr && build->find(name) == nullptr)
      write_tree(json.key(name), *value);
  json.end();
}

void write_tree(JsonWriter& json, const eif::JsonTree& tree) {
  switch (tree.type()) {
    case eif::JsonTree::Type::kNull: json.null(); break;
    case eif::JsonTree::Type::kBoolean: json.boolean(tree.text() == "true"); break;
    case eif::JsonTree::Type::kNumber: json.number_text(tree.text()); break;
    case eif::JsonTree::Type::kString: json.string(tree.text()); break;
    case eif::JsonTree::Type::kArray:
      json.begin_array();
      for (const eif::JsonTree& item : tree.items()) write_tree(json, item);
      json.end();
      break;
    case eif::JsonTree::Type::kObject:
      json.begin_object();
      for (const auto& [name, value] : tree.members()) write_tree(json.key(name), value);
      json.end();
      break;
  }
}

}  // namespace nes::nitro_enc

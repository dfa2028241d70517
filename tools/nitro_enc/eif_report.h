// What is printed of enclave images: JSON in the shape of nitro-cli's build-enclave and describe-eif.
#pragma once

#include <cstdint>
#include <optional>

#include "eif/image.h"
#include "eif/json_tree.h"
#include "eif/measure.h"
#include "eif/signature.h"
#include "tools/nitro_enc/json_writer.h"

namespace nes::nitro_enc {

// PCR8 of a signed image alone.
struct ImageMeasurements {
  eif::Measurements boot;
  std::optional<crypto::Sha384Digest> certificate{};
};

// `"Measurements": {...}` and the memory that an enclave needs for a file of this size, as members.
void write_measurements(JsonWriter& json, const ImageMeasurements& measurements, std::uint64_t file_bytes);

// `"SigningCertificate": {...}`
void write_certificate(JsonWriter& json, const eif::Certificate& certificate);

// `"ImageName"`, `"ImageVersion"` and `"Metadata"`, each if the section has it.
void write_metadata(JsonWriter& json, const eif::JsonTree& metadata);

void write_tree(JsonWriter& json, const eif::JsonTree& tree);

}  // namespace nes::nitro_enc

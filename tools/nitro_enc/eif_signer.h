// Signing an image that is about to be written.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eif/image.h"
#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/eif_report.h"

namespace nes::nitro_enc {

// Sections without a signature, and the signature of `--private-key` and `--signing-certificate`, if they are
// given, as one file. Sets the measurements. What is wrong is said on `err`, and there is no value.
std::optional<Bytes> signed_file(std::vector<eif::Section> sections, const Arguments& arguments,
                                 Context& context, ImageMeasurements& measurements);

}  // namespace nes::nitro_enc

// An enclave image as a file of the operator's: read, measured, and its signature checked.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "eif/image.h"
#include "eif/json_tree.h"
#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/eif_report.h"

namespace nes::nitro_enc {

struct EifFile {
  std::shared_ptr<const Bytes> content;  // what `image` views
  eif::Image image;
  eif::JsonTree metadata;
  ImageMeasurements measurements;
  std::optional<eif::Certificate> certificate{};  // of a signed image
  std::optional<Error> bad_signature{};  // why the signature is none; then there may be no certificate
};

// What is wrong with the file itself is said on `err`, and there is no value. A signature that does not hold
// is no such thing: the caller decides.
std::optional<EifFile> open_eif(const std::string& path, Context& context);

// Warns if the certificate is not valid now.
void warn_of_validity(const std::string& path, const eif::Certificate& certificate, Context& context);

// `text` as one line of print: what is no printable ASCII becomes an escape.
std::string printable(std::string_view text);

}  // namespace nes::nitro_enc

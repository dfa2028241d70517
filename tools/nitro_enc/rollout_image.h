// What rollout-check knows of the image: from the EIF itself, or from files that somebody wrote about it.
#pragma once

#include <optional>
#include <vector>

#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/rollout_facts.h"

namespace nes::nitro_enc {

// --eif, --eif-json, --eif-env and --eif-ca, behind `flags`.
std::vector<Flag> with_eif_flags(std::vector<Flag> flags);

// Size, PCR0 as measured, and of the ramdisks the file `env` and the CA bundle. What an image of another
// builder does not have is a mistake.
ImageFacts facts_of(const EifFile& file);

// By --eif, or by the others. Nothing after a line on `err`; `status` then says how.
std::optional<ImageFacts> read_image(const Arguments& arguments, Context& context, Status& status);

}  // namespace nes::nitro_enc

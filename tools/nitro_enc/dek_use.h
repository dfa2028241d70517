// `nitro-enc dek retire` and `status`: what depends on how running enclaves use the keys.
#pragma once

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status retire_dek(const Arguments& arguments, Context& context);
Status print_dek_status(const Arguments& arguments, Context& context);

}  // namespace nes::nitro_enc

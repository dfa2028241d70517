// `nitro-enc schema check` and `nitro-enc schema paths`.
#pragma once

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status check_schemas(const Arguments& arguments, Context& context);
Status print_paths(const Arguments& arguments, Context& context);

}  // namespace nes::nitro_enc

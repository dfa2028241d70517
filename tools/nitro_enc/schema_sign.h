// `nitro-enc schema keygen`, `public-key`, `sign` and `verify`: signed mode (CONTRACTS section 3) seen from
// the operator's side.
#pragma once

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status make_signing_key(const Arguments& arguments, Context& context);
Status print_public_key(const Arguments& arguments, Context& context);
Status sign_schemas(const Arguments& arguments, Context& context);
Status verify_schemas(const Arguments& arguments, Context& context);

}  // namespace nes::nitro_enc

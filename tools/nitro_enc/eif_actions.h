// What the commands of `nitro-enc eif` do; eif_commands.cc has their flags.
#pragma once

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status build_eif(const Arguments& arguments, Context& context);     // eif_build.cc
Status sign_eif(const Arguments& arguments, Context& context);      // eif_sign.cc
Status describe_eif(const Arguments& arguments, Context& context);  // eif_check.cc
Status diff_eif(const Arguments& arguments, Context& context);      // eif_diff.cc
Status extract_eif(const Arguments& arguments, Context& context);   // eif_extract.cc
Status verify_eif(const Arguments& arguments, Context& context);    // eif_check.cc

}  // namespace nes::nitro_enc

// `nitro-enc policy render` and `apply`: the enclave's statement, and its way into a live policy.
#pragma once

#include <string>
#include <string_view>

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status render_policy(const Arguments& arguments, Context& context);
Status apply_policy(const Arguments& arguments, Context& context);

// The lines in which the texts differ, `-` before those of `before` and `+` before those of `after`, with the
// lines around them. One region, from the first difference to the last. Empty if they are the same.
std::string changed_lines(std::string_view before, std::string_view after);

}  // namespace nes::nitro_enc

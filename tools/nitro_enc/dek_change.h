// `nitro-enc dek create`, `rotate` and `promote` (CONTRACTS section 6). Each prints what it did as JSON.
#pragma once

#include "tools/nitro_enc/command.h"
#include "tools/nitro_enc/dek_secret.h"
#include "tools/nitro_enc/staging.h"

namespace nes::nitro_enc {

Status create_dek(const Arguments& arguments, Context& context);
Status rotate_dek(const Arguments& arguments, Context& context);
Status promote_dek(const Arguments& arguments, Context& context);

// {"secret_arn", "version_id", "labels", "moves": [{"label", "from", "to"}]}.
void print_change(std::ostream& out, const DekSecret& secret, const std::string& version_id,
                  const Plan& plan);

// A flag with seconds; nothing after a line on `err`.
std::optional<std::uint64_t> seconds_flag(const Arguments& arguments, std::string_view flag,
                                          std::uint64_t otherwise, Context& context);

}  // namespace nes::nitro_enc

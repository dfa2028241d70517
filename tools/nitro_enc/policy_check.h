// `nitro-enc policy check` and `explain`: who can take a key, and why.
#pragma once

#include <vector>

#include "policy/audit.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

Status check_policy(const Arguments& arguments, Context& context);
Status explain_policy(const Arguments& arguments, Context& context);

// `statement 2 "Sid" (line 7)`, `grant ID` or `the policy`. Statements are counted from 1.
std::string where(const policy::Finding& finding);
// A table, a line a finding with its fix below it.
void print_findings(std::ostream& out, const std::vector<policy::Finding>& findings);

}  // namespace nes::nitro_enc

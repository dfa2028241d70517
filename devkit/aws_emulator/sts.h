// STS: who am I.
#pragma once

#include <string>
#include <string_view>

#include "devkit/aws_emulator/principals.h"

namespace nes::aws_emulator {

// The parameter Action of a form (application/x-www-form-urlencoded); empty if it has none.
std::string query_action(std::string_view body);

// GetCallerIdentity; anything else is InvalidAction.
Answer call_sts(std::string_view action, const Principal& principal);

}  // namespace nes::aws_emulator

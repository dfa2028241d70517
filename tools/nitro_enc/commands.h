// All commands of the program, as command.h runs them.
#pragma once

#include <vector>

#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

std::vector<Command> schema_commands();   // schema_commands.cc
std::vector<Command> dek_commands();      // dek_commands.cc
std::vector<Command> attest_commands();   // attest_command.cc
std::vector<Command> policy_commands();   // policy_commands.cc
std::vector<Command> rollout_commands();  // rollout_command.cc
std::vector<Command> eif_commands();      // eif_commands.cc

// The whole table, in the order of help.
std::vector<Command> all_commands();

}  // namespace nes::nitro_enc

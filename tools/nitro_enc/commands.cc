#include "tools/nitro_enc/commands.h"

#include <iterator>

namespace nes::nitro_enc {

std::vector<Command> all_commands() {
  std::vector<Command> all;
  for (std::vector<Command> (*commands)() :
       {schema_commands, dek_commands, attest_commands, policy_commands, rollout_commands, eif_commands}) {
    std::vector<Command> some = commands();
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}

}  // namespace nes::nitro_enc

// The kernel's random number generator.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace nes::os {

// Mixes `seed`, at most 512 bytes, into the kernel's pool and credits it in full (random(4), RNDADDENTROPY):
// what is only written to /dev/random is not credited. Needs CAP_SYS_ADMIN. kIo with errno as position;
// kLimit.
Result<void> add_entropy(ByteView seed);

}  // namespace nes::os

// libgcrypt must be initialized once a process, before anything else of it is used.
#pragma once

#include "base/result.h"

namespace nes::crypto {

// Checks the library's version and ends its initialization. Idempotent, any thread. main() calls it before it
// gives up privileges; AesGcmSiv and HmacSha256 call it as well, so that tests need not. kCrypto if the
// library is too old or refuses; every later call then says the same.
Result<void> initialize();

}  // namespace nes::crypto

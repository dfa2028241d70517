// The image's program: started with its rights and nothing more, and waited for.
#pragma once

#include "base/result.h"
#include "enclave/init/steps.h"

namespace nes::init {

// Runs the program that `boot` describes in a session of its own and returns its wait status (wait(2)) when
// it has ended; reaps whatever else ends meanwhile. What keeps the program from starting is reported by its
// name, and the status is then that of exit code 127. kIo with errno as position.
//
// The program has no-new-privileges set. With a user it has that user's ids, no other groups, and of all
// capabilities CAP_NET_BIND_SERVICE, which vsock ports below 1024 need; it cannot get more.
Result<int> run_program(const Boot& boot);

}  // namespace nes::init

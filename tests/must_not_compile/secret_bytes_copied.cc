// EXPECT: use of deleted function .*SecretBytes\(const
// EXPECT: call to deleted constructor
#include "secret/secret.h"

nes::secret::SecretBytes copy(const nes::secret::SecretBytes& secret) { return secret; }

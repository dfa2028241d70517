// EXPECT: use of deleted function .*operator==
// EXPECT: overload resolution selected deleted operator '=='
#include "secret/secret.h"

bool equal(const nes::secret::SecretBytes& a, const nes::secret::SecretBytes& b) { return a == b; }

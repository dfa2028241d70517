// EXPECT: use of deleted function .*operator=\(const
// EXPECT: overload resolution selected deleted operator '='
#include "secret/secret.h"

void assign(nes::secret::SecretBytes& to, const nes::secret::SecretBytes& from) { to = from; }

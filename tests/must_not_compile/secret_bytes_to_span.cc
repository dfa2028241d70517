// EXPECT: could not convert .*SecretBytes.* to .*span
// EXPECT: no viable conversion from returned value of type .*SecretBytes
#include "secret/secret.h"

nes::ByteView view(const nes::secret::SecretBytes& secret) { return secret; }

// EXPECT: could not convert .* to .*SecretBytes
// EXPECT: no viable conversion from returned value of type .* to function return type .*SecretBytes
#include "secret/secret.h"

nes::secret::SecretBytes keep(nes::ByteView bytes) { return bytes; }

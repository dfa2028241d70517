// EXPECT: could not convert .*SecretBytes.* to .*string_view
// EXPECT: no viable conversion from returned value of type .*SecretBytes
#include <string_view>

#include "secret/secret.h"

std::string_view view(const nes::secret::SecretBytes& secret) { return secret; }

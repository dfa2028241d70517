// EXPECT: no matching function for call to .*basic_string
// EXPECT: no matching conversion for functional-style cast from .*SecretBytes
#include <string>

#include "secret/secret.h"

std::string text(const nes::secret::SecretBytes& secret) { return std::string(secret); }

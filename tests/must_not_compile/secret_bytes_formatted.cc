// EXPECT: no matching function for call to .*to_string
// EXPECT: no matching function for call to 'to_string'
#include <string>

#include "secret/secret.h"

std::string format(const nes::secret::SecretBytes& secret) { return std::to_string(secret); }

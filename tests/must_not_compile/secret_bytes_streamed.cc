// EXPECT: no match for .*operator<<
// EXPECT: invalid operands to binary expression
#include <iostream>

#include "secret/secret.h"

void print(const nes::secret::SecretBytes& secret) { std::cout << secret; }

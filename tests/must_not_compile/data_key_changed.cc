// EXPECT: passing .* as 'this' argument discards qualifiers
// EXPECT: no matching member function|'this' argument to member function .* has type 'const
#include "token/token.h"

void change(const nes::token::DataKey& key) { key.aead_key().reveal_mutable()[0] = 0; }

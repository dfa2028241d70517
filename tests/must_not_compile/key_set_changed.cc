// EXPECT: no match for .*operator=
// EXPECT: no viable overloaded '='
#include "token/token.h"

void change(const nes::token::KeySet& keys) { keys.keys()[0] = nullptr; }

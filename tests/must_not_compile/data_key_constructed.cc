// EXPECT: DataKey::DataKey\(\).* is private
// EXPECT: calling a private constructor of class
#include "token/token.h"

void make() { nes::token::DataKey key; }

// EXPECT: use of deleted function .*DataKey\(const
// EXPECT: call to implicitly-deleted copy constructor
#include "token/token.h"

void copy(const nes::token::DataKey& key) { const nes::token::DataKey copied = key; }

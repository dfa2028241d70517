// EXPECT: KeySet::KeySet\(.* is private
// EXPECT: calling a private constructor of class
#include "token/token.h"

void make() { nes::token::KeySet keys(std::vector<std::shared_ptr<const nes::token::DataKey>>{}); }

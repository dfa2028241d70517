// EXPECT: ignoring return value of .*equal_constant_time
// EXPECT: ignoring return value of function declared with 'nodiscard'
#include "secret/secret.h"

void check(nes::ByteView a, nes::ByteView b) { nes::secret::equal_constant_time(a, b); }

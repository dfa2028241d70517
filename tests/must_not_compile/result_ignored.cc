// EXPECT: ignoring returned value of type .*Result
// EXPECT: ignoring return value of (type|function declared with 'nodiscard')
#include "base/result.h"

nes::Result<void> seal();
void run() { seal(); }

// EXPECT: could not convert .* to .*StaticText
// EXPECT: no viable conversion from .* to .*StaticText
#include "base/error.h"

nes::Error fail(const char* remote) { return nes::Error{nes::ErrorCode::kInternal, remote}; }

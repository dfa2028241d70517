// EXPECT: could not convert .* to .*StaticText
// EXPECT: no viable conversion from .* to .*StaticText
#include <string>

#include "base/error.h"

nes::Error fail(const std::string& input) { return nes::Error{nes::ErrorCode::kInternal, input}; }

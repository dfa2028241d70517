// EXPECT: is not a constant expression
// EXPECT: call to consteval function .*StaticText.* is not a constant expression
#include "base/error.h"

void read(char* buffer);

nes::Error fail() {
  char buffer[16] = {};
  read(buffer);
  return nes::Error{nes::ErrorCode::kInternal, buffer};
}

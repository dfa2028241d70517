#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace nes::base {

void check_failed(const char* file, int line, const char* text) noexcept {
  (void)std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, text);
  std::abort();
}

}  // namespace nes::base

// Broken invariants end the process, in release builds too: a service that holds keys must not go on in a
// state that its authors did not foresee. For mistakes of callers and peers use Result (base/result.h).
#pragma once

namespace nes::base {

// Writes "file:line: check failed: text" to stderr and aborts. Never returns. `text` is source text, so no
// data of a request can appear in it.
[[noreturn]] void check_failed(const char* file, int line, const char* text) noexcept;

}  // namespace nes::base

// Aborts unless `condition` holds.
#define NES_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::nes::base::check_failed(__FILE__, __LINE__, #condition))

#include "crypto/initialize.h"

#include <gcrypt.h>

namespace nes::crypto {
namespace {

// GCM-SIV came with 1.10.
constexpr const char* kOldestVersion = "1.10.0";

bool initialize_library() noexcept {
  if (gcry_check_version(kOldestVersion) == nullptr) return false;
  if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P) != 0) return true;
  // mlockall(2) locks all memory of the service; see SPEC.md for why the library's own pool is off.
  if (gcry_control(GCRYCTL_DISABLE_SECMEM, 0) != 0) return false;
  return gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0) == 0;
}

}  // namespace

Result<void> initialize() {
  static const bool initialized = initialize_library();
  if (!initialized) return Error{ErrorCode::kCrypto, "libgcrypt cannot be initialized"};
  return {};
}

}  // namespace nes::crypto

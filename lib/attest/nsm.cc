#include "attest/nsm.h"

namespace nes::attest {

Result<void> check_measured(Nsm& nsm) {
  for (std::uint16_t index = 0; index <= 2; ++index) {
    NES_TRY_ASSIGN(const Pcr pcr, nsm.describe_pcr(index));
    if (pcr == Pcr{})
      return Error{ErrorCode::kNotAllowed, "a PCR is zero: the enclave is in debug mode", index};
  }
  return {};
}

}  // namespace nes::attest

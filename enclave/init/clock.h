// The clock against the NSM's. Certificates and credentials are judged by it.
#pragma once

#include <cstdint>

#include "attest/nsm.h"
#include "base/result.h"

namespace nes::init {

// How far `now_unix_ms` is behind (positive) or ahead of (negative) the timestamp of an attestation document
// that `nsm` makes now; 0 if that is less than limits::kInitClockSkewMs. The document is believed because the
// device is the hypervisor's. kMalformed if it is none or its time is before this program was written; the
// errors of Nsm::attest().
Result<std::int64_t> clock_error(attest::Nsm& nsm, std::int64_t now_unix_ms);

// Sets the system's clock if it is wrong, and returns what clock_error() found. kIo with errno as position.
Result<std::int64_t> set_clock(attest::Nsm& nsm);

}  // namespace nes::init

// The Nitro Secure Module behind a narrow interface: what the service needs of it, whatever carries the
// messages.
//
// The NSM is the hypervisor's and is trusted. Its answers are parsed strictly all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

inline constexpr std::size_t kPcrBytes = 48;  // SHA-384
using Pcr = std::array<std::uint8_t, kPcrBytes>;

// What goes into a document beside the measurements. Absent members become null.
struct DocumentRequest {
  std::optional<Bytes> user_data{};
  std::optional<Bytes> nonce{};
  std::optional<Bytes> public_key{};
};

// Thread rule: any thread; an implementation locks where it has to.
class Nsm {
 public:
  virtual ~Nsm() = default;

  // A signed attestation document (COSE_Sign1). kLimit if the request is larger than limits::kNsmRequestBytes
  // once encoded; kIo; kMalformed for an answer of another shape, the NSM's own errors included.
  virtual Result<Bytes> attest(const DocumentRequest& request) = 0;
  // The value of a PCR. Errors as above.
  virtual Result<Pcr> describe_pcr(std::uint16_t index) = 0;
  // 1 to 256 fresh random bytes: as many as the NSM gives at a time. Errors as above.
  virtual Result<Bytes> random() = 0;
};

// kNotAllowed, with its index, if one of PCR0, PCR1 and PCR2 is zero: debug mode zeroes all three, and no
// image measures to zero. Else describe_pcr()'s errors.
Result<void> check_measured(Nsm& nsm);

}  // namespace nes::attest

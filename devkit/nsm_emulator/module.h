// A Nitro Secure Module: 32 PCRs, random bytes, and documents about them, by the messages of
// aws-nitro-enclaves-nsm-api.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "attest/nsm.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "cbor/reader.h"
#include "cbor/writer.h"
#include "devkit/nsm_emulator/chain.h"
#include "devkit/nsm_emulator/document_maker.h"

namespace nes::nsm_emulator {

// Thread rule: any thread.
class Module {
 public:
  // `clock` must outlive the module. PCRs 0 to 15 are locked, as they are once an enclave has booted; those
  // that `pcrs` does not have are zeros.
  Module(Chain chain, const Pcrs& pcrs, const Clock& clock);

  // The answer to a request; the NSM's own errors are answers too.
  Bytes handle(ByteView request);

 private:
  static constexpr std::size_t kPcrs = 32;
  struct Register {
    attest::Pcr value{};
    bool locked = false;
  };

  Result<cbor::Writer> answer(ByteView request);
  Result<cbor::Writer> describe_nsm() const;
  Result<cbor::Writer> get_random() const;
  Result<cbor::Writer> describe_pcr(cbor::Reader& reader) const;
  Result<cbor::Writer> extend_pcr(cbor::Reader& reader);
  Result<cbor::Writer> lock_pcr(cbor::Reader& reader);
  Result<cbor::Writer> lock_pcrs(cbor::Reader& reader);
  Result<cbor::Writer> attestation(cbor::Reader& reader);

  std::mutex mutex_;
  Chain chain_;
  std::array<Register, kPcrs> registers_;
  const Clock& clock_;
};

}  // namespace nes::nsm_emulator

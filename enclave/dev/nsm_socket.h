// The NSM on a Unix socket, as the NSM emulator serves it: each message is its length (u32, big-endian) and
// the CBOR that /dev/nsm would carry. A connection a request.
#pragma once

#include <string>

#include "attest/nsm.h"

namespace nes::dev {

class NsmSocket final : public attest::Nsm {
 public:
  explicit NsmSocket(std::string path, int timeout_ms = 5'000)
      : path_(std::move(path)), timeout_ms_(timeout_ms) {}

  // Adds to the errors of attest::Nsm: kTimeout after `timeout_ms` without progress.
  Result<Bytes> attest(const attest::DocumentRequest& request) override;
  Result<attest::Pcr> describe_pcr(std::uint16_t index) override;
  Result<Bytes> random() override;

 private:
  Result<Bytes> ask(ByteView request) const;
  const std::string path_;
  const int timeout_ms_;
};

}  // namespace nes::dev

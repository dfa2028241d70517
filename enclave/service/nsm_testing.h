// For tests alone: an NSM whose documents are what it was asked for, as text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "attest/nsm.h"

namespace nes::service {

class FakeNsm final : public attest::Nsm {
 public:
  Result<Bytes> attest(const attest::DocumentRequest& request) override {
    requests.push_back(request);
    if (on_attest) on_attest();
    if (fails) return Error{ErrorCode::kIo, "no answer"};
    const auto text = [](const std::optional<Bytes>& bytes) {
      return bytes ? base::hex_encode(*bytes) : "null";
    };
    const std::string document =
        text(request.user_data) + " " + text(request.nonce) + " " + text(request.public_key);
    return Bytes(document.begin(), document.end());
  }
  Result<attest::Pcr> describe_pcr(std::uint16_t /*index*/) override { return attest::Pcr{1}; }
  Result<Bytes> random() override { return Bytes(32, 7); }

  std::vector<attest::DocumentRequest> requests;
  std::function<void()> on_attest;
  bool fails = false;
};

}  // namespace nes::service

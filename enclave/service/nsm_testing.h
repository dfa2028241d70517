// For tests alone: an NSM whose documents are what it was asked for, as text.
#pragma once

#include <functional>
#include <optional>
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
  Result<attest::Pcr> describe_pcr(std::uint16_t index) override {
    return index == zero_pcr ? attest::Pcr{} : attest::Pcr{1};
  }
  Result<Bytes> random() override {
    if (fails) return Error{ErrorCode::kIo, "no answer"};
    return Bytes(32, 7);
  }

  std::vector<attest::DocumentRequest> requests;
  std::function<void()> on_attest;
  std::optional<std::uint16_t> zero_pcr;
  bool fails = false;  // but for describe_pcr()
};

}  // namespace nes::service

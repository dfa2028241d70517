// Another NSM, with the documents that it is asked for counted.
#pragma once

#include "attest/nsm.h"
#include "telemetry/metrics.h"

namespace nes::service {

class CountedNsm final : public attest::Nsm {
 public:
  // Both must outlive this. `counters` is its own shard.
  CountedNsm(attest::Nsm& nsm, telemetry::CounterShard& counters) noexcept : nsm_(nsm), counters_(counters) {}

  Result<Bytes> attest(const attest::DocumentRequest& request) override {
    auto document = nsm_.attest(request);
    counters_.add_shared(telemetry::Counter::kAttestations);
    if (!document.ok()) counters_.add_shared(telemetry::Counter::kAttestationFailures);
    return document;
  }
  Result<attest::Pcr> describe_pcr(std::uint16_t index) override { return nsm_.describe_pcr(index); }
  Result<Bytes> random() override { return nsm_.random(); }

 private:
  attest::Nsm& nsm_;
  telemetry::CounterShard& counters_;
};

}  // namespace nes::service

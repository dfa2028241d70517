#include "telemetry/metrics.h"

#include "base/check.h"

namespace nes::telemetry {

std::string_view counter_name(Counter counter) noexcept {
  switch (counter) {
    case Counter::kConnectionsAccepted: return "enclave_connections_accepted";
    case Counter::kConnectionsClosed: return "enclave_connections_closed";
    case Counter::kConnectionsRefused: return "enclave_connections_refused";
    case Counter::kHandshakesFailed: return "enclave_handshakes_failed";
    case Counter::kHandshakesResumed: return "enclave_handshakes_resumed";
    case Counter::kRequests: return "enclave_requests";
    case Counter::kRequestsFailed: return "enclave_requests_failed";
    case Counter::kEncryptRequests: return "enclave_encrypt_requests";
    case Counter::kDecryptRequests: return "enclave_decrypt_requests";
    case Counter::kRewrapRequests: return "enclave_rewrap_requests";
    case Counter::kFieldsSealed: return "enclave_fields_sealed";
    case Counter::kFieldsOpened: return "enclave_fields_opened";
    case Counter::kTokensRejected: return "enclave_tokens_rejected";
    case Counter::kTimeouts: return "enclave_timeouts";
    case Counter::kDekRotations: return "enclave_dek_rotations";
    case Counter::kKeyRefreshFailures: return "enclave_dek_refresh_failures";
    case Counter::kSchemaRefreshes: return "enclave_schema_refreshes";
    case Counter::kSchemaRefreshFailures: return "enclave_schema_refresh_failures";
  }
  NES_CHECK(false && "a Counter outside its enumeration");
}

CounterShard& CounterRegistry::add_shard() {
  const std::lock_guard lock(mutex_);
  return shards_.emplace_back();
}

std::uint64_t CounterRegistry::total(Counter counter) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const CounterShard& shard : shards_) sum += shard.value(counter);
  return sum;
}

}  // namespace nes::telemetry

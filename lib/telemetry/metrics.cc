#include "telemetry/metrics.h"

#include "base/check.h"

namespace nes::telemetry {

MetricInfo counter_info(Counter counter) noexcept {
  switch (counter) {
    case Counter::kConnectionsAccepted:
      return {"enclave_connections_accepted", "Connections of clients", "1"};
    case Counter::kConnectionsClosed:
      return {"enclave_connections_closed", "Connections that have ended", "1"};
    case Counter::kConnectionsRefused:
      return {"enclave_connections_refused", "Connections over MAX_CONNECTIONS", "1"};
    case Counter::kHandshakesFailed: return {"enclave_handshakes_failed", "TLS handshakes that failed", "1"};
    case Counter::kHandshakesResumed:
      return {"enclave_handshakes_resumed", "TLS handshakes that resumed a session", "1"};
    case Counter::kRequests: return {"enclave_requests", "Requests that were answered", "1"};
    case Counter::kRequestsFailed: return {"enclave_requests_failed", "Answers of 4xx and 5xx", "1"};
    case Counter::kRequestsErrored: return {"enclave_requests_errored", "Answers of 5xx", "1"};
    case Counter::kEncryptRequests: return {"enclave_encrypt_requests", "Requests to encrypt", "1"};
    case Counter::kDecryptRequests: return {"enclave_decrypt_requests", "Requests to decrypt", "1"};
    case Counter::kRewrapRequests: return {"enclave_rewrap_requests", "Requests to rewrap", "1"};
    case Counter::kFieldsSealed: return {"enclave_fields_sealed", "Values that became tokens", "1"};
    case Counter::kFieldsOpened: return {"enclave_fields_opened", "Tokens that were opened", "1"};
    case Counter::kTokensRejected:
      return {"enclave_tokens_rejected", "Documents with a token that does not open", "1"};
    case Counter::kTimeouts: return {"enclave_timeouts", "Requests of clients that were too slow", "1"};
    case Counter::kDekRotations: return {"enclave_dek_rotations", "Changes of the loaded keys", "1"};
    case Counter::kKeyRefreshFailures:
      return {"enclave_dek_refresh_failures", "Refreshes of the keys that failed", "1"};
    case Counter::kSchemaRefreshes: return {"enclave_schema_refreshes", "Listings of the schemas", "1"};
    case Counter::kSchemaRefreshFailures:
      return {"enclave_schema_refresh_failures", "Listings that failed, and schemas that were refused", "1"};
    case Counter::kAttestations: return {"enclave_attestations", "Documents that the NSM was asked for", "1"};
    case Counter::kAttestationFailures:
      return {"enclave_attestation_failures", "Documents that the NSM did not give", "1"};
    case Counter::kSpansDropped: return {"enclave_spans_dropped", "Spans that were not exported", "1"};
    case Counter::kLogRecordsDropped:
      return {"enclave_log_records_dropped", "Log records that were not exported by OTLP", "1"};
    case Counter::kMetricPointsDropped:
      return {"enclave_metric_points_dropped", "Points of metrics that were not exported", "1"};
    case Counter::kExportsFailed:
      return {"enclave_exports_failed", "Attempts to reach the collector that failed", "1"};
  }
  NES_CHECK(false && "a Counter outside its enumeration");
}

MetricInfo histogram_info(Histogram histogram) noexcept {
  constexpr std::string_view kPhase = "enclave_phase_latency_us";
  constexpr std::string_view kPhases = "Time in one phase of the work on requests";
  switch (histogram) {
    case Histogram::kEncryptLatency:
      return {"enclave_encrypt_latency_ms", "From a whole request to encrypt to its answer", "ms"};
    case Histogram::kDecryptLatency:
      return {"enclave_decrypt_latency_ms", "From a whole request to decrypt to its answer", "ms"};
    case Histogram::kRewrapLatency:
      return {"enclave_rewrap_latency_ms", "From a whole request to rewrap to its answer", "ms"};
    case Histogram::kHandshake:
      return {"enclave_handshake_latency_ms", "From a connection to the end of its TLS handshake", "ms"};
    case Histogram::kKms: return {"enclave_kms_latency_ms", "Calls of KMS, with their repeats", "ms"};
    case Histogram::kPhaseTls: return {kPhase, kPhases, "us", "tls"};
    case Histogram::kPhaseParse: return {kPhase, kPhases, "us", "parse"};
    case Histogram::kPhasePlan: return {kPhase, kPhases, "us", "plan"};
    case Histogram::kPhaseSeal: return {kPhase, kPhases, "us", "seal"};
    case Histogram::kPhaseWrite: return {kPhase, kPhases, "us", "write"};
  }
  NES_CHECK(false && "a Histogram outside its enumeration");
}

void CounterShard::add_to(HistogramTotals& totals, Histogram histogram) const noexcept {
  const Cells& cells = histograms_[static_cast<std::size_t>(histogram)];
  for (std::size_t i = 0; i < kBuckets; ++i)
    totals.counts[i] += cells.counts[i].load(std::memory_order_relaxed);
  totals.sum_us += cells.sum_us.load(std::memory_order_relaxed);
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

HistogramTotals CounterRegistry::total(Histogram histogram) const {
  const std::lock_guard lock(mutex_);
  HistogramTotals totals;
  for (const CounterShard& shard : shards_) shard.add_to(totals, histogram);
  return totals;
}

}  // namespace nes::telemetry

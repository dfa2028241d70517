// What the rows of the table fill in before values are resolved against each other. Private to this folder.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "enclave/config/config.h"
#include "enclave/config/url.h"

namespace nes::config {

// OTEL_EXPORTER_OTLP_*: once for all signals, once for each.
enum class OtlpScope : std::uint8_t { kGeneral, kTraces, kMetrics, kLogs };
inline constexpr std::size_t kOtlpScopes = 4;

struct OtlpDraft {
  std::optional<Url> endpoint;
  std::optional<OtlpProtocol> protocol;
  std::optional<OtlpCompression> compression;
  std::optional<std::int64_t> timeout_ms;
  std::optional<KeyValues> headers;
};

struct Draft {
  Config config;
  std::optional<std::string> aws_region;
  std::optional<std::uint64_t> max_inflight_bytes;
  std::optional<std::size_t> worker_threads;
  std::array<OtlpDraft, kOtlpScopes> otlp;
  std::optional<std::string> service_name;
  bool sdk_disabled = false;

  OtlpDraft& at(OtlpScope scope) { return otlp[static_cast<std::size_t>(scope)]; }
  const OtlpDraft& at(OtlpScope scope) const { return otlp[static_cast<std::size_t>(scope)]; }
};

std::span<const Variable<Draft>> service_table();    // of the service itself
std::span<const Variable<Draft>> telemetry_table();  // OTEL_*

// Fills config.telemetry from what the draft holds. Assumes that every value was accepted.
Telemetry resolve_telemetry(Draft& draft);

}  // namespace nes::config

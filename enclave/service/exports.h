// What the service exports by OTLP: where to, and from what, by the configuration (OTEL_*).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "enclave/config/config.h"
#include "enclave/service/gauges.h"
#include "enclave/service/state.h"
#include "os/endpoint.h"
#include "telemetry/log_records.h"
#include "telemetry/span.h"

namespace nes::service {

// The queue of log records, for the log; null if none are exported.
std::shared_ptr<telemetry::LogRecords> log_records_of(const config::Config& config);
// The rings of spans; null if none are exported.
std::unique_ptr<telemetry::SpanRegistry> spans_of(const config::Config& config);
telemetry::Sampling sampling_of(const config::Config& config);

// Thread rule: the thread that made it; it has threads of its own, one a signal.
class Exports {
 public:
  struct Options {
    os::Endpoint parent;  // its ports are the configuration's
    std::string ca_pem;   // what a collector elsewhere is verified against
    std::string version;
    std::shared_ptr<telemetry::LogRecords> log_records;  // as log_records_of() has made it
  };

  // Exports from now on. The references must outlive the result. A signal whose collector is asked for over
  // TLS needs a CA bundle: kMalformed without one; kCrypto.
  static Result<std::unique_ptr<Exports>> start(const config::Config& config, const Options& options,
                                                State& state, const SchemaAges& ages);
  // Ends within about limits::kOtlpFlushMs a signal.
  virtual ~Exports() = default;
};

}  // namespace nes::service

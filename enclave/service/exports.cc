#include "enclave/service/exports.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "aws/client.h"
#include "aws/dialer.h"
#include "base/bytes.h"
#include "crypto/random.h"
#include "enclave/service/interruption.h"
#include "telemetry/exporter.h"

namespace nes::service {
namespace {

using telemetry::OtlpWire;

constexpr std::string_view kInstance = "service.instance.id";

// One place, whatever the host's name.
class PlaceDialer final : public aws::Dialer {
 public:
  explicit PlaceDialer(os::Endpoint place) noexcept : place_(std::move(place)) {}
  Result<os::UniqueFd> dial(std::string_view /*host*/, std::uint16_t /*port*/,
                            std::int64_t timeout_ms) override {
    return os::connect_to(place_, static_cast<int>(timeout_ms));
  }

 private:
  const os::Endpoint place_;
};

std::unique_ptr<aws::Dialer> dialer_to(const config::OtlpEndpoint& to, const config::Config& config,
                                       const os::Endpoint& parent, const Clock& clock) {
  if (to.vsock) {
    // What stands for the parent in development stands for every CID.
    os::Endpoint place = os::with_port(parent, to.vsock->port);
    if (place.transport == os::Transport::kVsock) place.cid = to.vsock->cid;
    return std::make_unique<PlaceDialer>(std::move(place));
  }
  const os::Endpoint proxy = os::with_port(parent, config.vsock_proxy_port);
  if (config.vsock_proxy_mode == config::VsockProxyMode::kPorts)
    return std::make_unique<aws::PortsDialer>(proxy);
  return std::make_unique<aws::ConnectDialer>(proxy, clock);
}

// The instance is not the configuration's to name: that is the same in every enclave of an image.
telemetry::Resource resource_of(const config::Telemetry& telemetry, const std::string& version) {
  telemetry::Resource resource{.service_name = telemetry.service_name,
                               .version = version,
                               .attributes = telemetry.resource_attributes};
  const bool named = std::any_of(resource.attributes.begin(), resource.attributes.end(),
                                 [](const auto& attribute) { return attribute.first == kInstance; });
  if (named) return resource;
  std::array<std::uint8_t, 16> id{};
  crypto::fill_random(id);
  resource.attributes.emplace_back(kInstance, base::hex_encode(id));
  return resource;
}

OtlpWire wire_of(config::OtlpProtocol protocol) noexcept {
  switch (protocol) {
    case config::OtlpProtocol::kGrpc: return OtlpWire::kGrpc;
    case config::OtlpProtocol::kHttpProtobuf: return OtlpWire::kHttpProtobuf;
    case config::OtlpProtocol::kHttpJson: return OtlpWire::kHttpJson;
  }
  return OtlpWire::kGrpc;
}

class Metrics final : public telemetry::ExportSource {
 public:
  Metrics(const State& state, const SchemaAges& ages, std::shared_ptr<telemetry::LogRecords> records,
          const telemetry::Resource& resource)
      : state_(state), ages_(ages), records_(std::move(records)), resource_(resource) {}
  std::size_t waiting() override { return 0; }
  std::size_t write(telemetry::OtlpEncoder& out) override {
    auto families = telemetry::families_of(state_.counters);
    for (auto& family : gauges(state_, ages_, records_.get())) families.push_back(std::move(family));
    telemetry::write_metrics(out, resource_, families, start_unix_ms_, state_.clock.unix_ms());
    std::size_t points = 0;
    for (const auto& family : families) points += family.points.size();
    return points;
  }

 private:
  const State& state_;
  const SchemaAges& ages_;
  const std::shared_ptr<telemetry::LogRecords> records_;
  const telemetry::Resource& resource_;
  const std::int64_t start_unix_ms_ = state_.clock.unix_ms();
};

class Logs final : public telemetry::ExportSource {
 public:
  Logs(std::shared_ptr<telemetry::LogRecords> records, std::size_t batch, telemetry::CounterShard& counters,
       const telemetry::Resource& resource)
      : records_(std::move(records)), batch_(batch), counters_(counters), resource_(resource) {}
  std::size_t waiting() override {
    counters_.add(telemetry::Counter::kLogRecordsDropped, records_->take_dropped());
    return records_->size();
  }
  std::size_t write(telemetry::OtlpEncoder& out) override {
    const auto records = records_->take(batch_);
    if (!records.empty()) telemetry::write_logs(out, resource_, records);
    return records.size();
  }

 private:
  const std::shared_ptr<telemetry::LogRecords> records_;
  const std::size_t batch_;
  telemetry::CounterShard& counters_;
  const telemetry::Resource& resource_;
};

class Traces final : public telemetry::ExportSource {
 public:
  Traces(telemetry::SpanRegistry& spans, std::size_t batch, const Clock& clock,
         const telemetry::Resource& resource)
      : spans_(spans), batch_(batch), clock_(clock), resource_(resource) {}
  std::size_t waiting() override { return spans_.size(); }
  std::size_t write(telemetry::OtlpEncoder& out) override {
    const auto spans = spans_.take(batch_);
    if (!spans.empty())
      telemetry::write_spans(out, resource_, spans, clock_.unix_ms() * 1000 - clock_.monotonic_us());
    return spans.size();
  }

 private:
  telemetry::SpanRegistry& spans_;
  const std::size_t batch_;
  const Clock& clock_;
  const telemetry::Resource& resource_;
};

// The members depend on those before them.
class Signal {
 public:
  Signal(const config::OtlpSignal& signal, std::string_view method, telemetry::Exporter::Options options,
         std::unique_ptr<telemetry::ExportSource> source, std::unique_ptr<aws::Dialer> dialer,
         std::shared_ptr<const tls::ClientContext> tls, State& state, telemetry::CounterShard& counters)
      : dialer_(std::move(dialer)),
        interruptible_dialer_(*dialer_, interruption_),
        source_(std::move(source)),
        exporter_(with_interruption(std::move(options)), *source_,
                  telemetry::OtlpClient({interruptible_dialer_, std::move(tls), state.clock},
                                        client_options(signal, method)),
                  state.clock, state.log, counters) {}

 private:
  telemetry::Exporter::Options with_interruption(telemetry::Exporter::Options options) {
    options.interrupt = [this] { interruption_.interrupt(); };
    options.random_below = aws::system_pacing().random_below;
    return options;
  }
  static telemetry::OtlpClient::Options client_options(const config::OtlpSignal& signal,
                                                       std::string_view method) {
    const config::OtlpEndpoint& to = signal.endpoint;
    const bool grpc = signal.protocol == config::OtlpProtocol::kGrpc;
    return {.wire = wire_of(signal.protocol),
            .address = {.tls = to.tls, .host = to.host, .port = static_cast<std::uint16_t>(to.port)},
            .path = grpc ? std::string(method) : to.path,
            .headers = signal.headers,
            .gzip = signal.compression == config::OtlpCompression::kGzip};
  }

  Interruption interruption_;
  std::unique_ptr<aws::Dialer> dialer_;
  InterruptibleDialer interruptible_dialer_;
  std::unique_ptr<telemetry::ExportSource> source_;
  telemetry::Exporter exporter_;
};

class RunningExports final : public Exports {
 public:
  explicit RunningExports(telemetry::Resource resource) : resource_(std::move(resource)) {}

  Result<void> add_metrics(const config::Config& config, const Options& options, State& state,
                           const SchemaAges& ages) {
    const config::Telemetry& telemetry = config.telemetry;
    if (!telemetry.metrics.enabled) return {};
    return add(config, options, state, telemetry.metrics,
               "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
               {.signal = "metrics",
                .dropped = telemetry::Counter::kMetricPointsDropped,
                .interval_ms = telemetry.metric_export_interval_ms,
                .export_ms = telemetry.metric_export_timeout_ms},
               state.counters.add_shard(),
               std::make_unique<Metrics>(state, ages, options.log_records, resource_));
  }

  Result<void> add_logs(const config::Config& config, const Options& options, State& state) {
    const config::BatchProcessor& batches = config.telemetry.log_records;
    if (options.log_records == nullptr) return {};
    telemetry::CounterShard& counters = state.counters.add_shard();
    return add(
        config, options, state, config.telemetry.logs,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        {.signal = "logs",
         .dropped = telemetry::Counter::kLogRecordsDropped,
         .interval_ms = batches.schedule_delay_ms,
         .batch = batches.max_export_batch_size,
         .export_ms = batches.export_timeout_ms},
        counters,
        std::make_unique<Logs>(options.log_records, batches.max_export_batch_size, counters, resource_));
  }

  Result<void> add_traces(const config::Config& config, const Options& options, State& state) {
    const config::BatchProcessor& batches = config.telemetry.spans;
    if (state.spans == nullptr) return {};
    return add(config, options, state, config.telemetry.traces,
               "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
               {.signal = "traces",
                .dropped = telemetry::Counter::kSpansDropped,
                .interval_ms = batches.schedule_delay_ms,
                .batch = batches.max_export_batch_size,
                .export_ms = batches.export_timeout_ms},
               state.counters.add_shard(),
               std::make_unique<Traces>(*state.spans, batches.max_export_batch_size, state.clock, resource_));
  }

 private:
  Result<void> add(const config::Config& config, const Options& options, State& state,
                   const config::OtlpSignal& signal, std::string_view method,
                   telemetry::Exporter::Options exporter, telemetry::CounterShard& counters,
                   std::unique_ptr<telemetry::ExportSource> source) {
    std::shared_ptr<const tls::ClientContext> tls;
    if (signal.endpoint.tls) {
      const bool grpc = signal.protocol == config::OtlpProtocol::kGrpc;
      NES_TRY_ASSIGN(tls, tls::ClientContext::create(options.ca_pem, grpc ? "h2" : "http/1.1"));
    }
    exporter.attempt_ms = signal.timeout_ms;
    signals_.push_back(std::make_unique<Signal>(
        signal, method, std::move(exporter), std::move(source),
        dialer_to(signal.endpoint, config, options.parent, state.clock), std::move(tls), state, counters));
    return {};
  }

  const telemetry::Resource resource_;
  std::vector<std::unique_ptr<Signal>> signals_;
};

}  // namespace

std::shared_ptr<telemetry::LogRecords> log_records_of(const config::Config& config) {
  if (!config.telemetry.logs.enabled) return nullptr;
  return std::make_shared<telemetry::LogRecords>(config.telemetry.log_records.max_queue_size);
}

std::unique_ptr<telemetry::SpanRegistry> spans_of(const config::Config& config) {
  const config::Telemetry& telemetry = config.telemetry;
  if (!telemetry.traces.enabled || telemetry.sampler == config::Sampler::kAlwaysOff) return nullptr;
  const std::size_t workers = config.worker_threads;
  return std::make_unique<telemetry::SpanRegistry>((telemetry.spans.max_queue_size + workers - 1) / workers);
}

telemetry::Sampling sampling_of(const config::Config& config) {
  using config::Sampler;
  const Sampler sampler = config.telemetry.sampler;
  const bool by_ratio = sampler == Sampler::kTraceIdRatio || sampler == Sampler::kParentBasedTraceIdRatio;
  const bool off = sampler == Sampler::kAlwaysOff || sampler == Sampler::kParentBasedAlwaysOff;
  return {.enabled = sampler != Sampler::kAlwaysOff,
          .parent_based = sampler == Sampler::kParentBasedAlwaysOn ||
                          sampler == Sampler::kParentBasedAlwaysOff ||
                          sampler == Sampler::kParentBasedTraceIdRatio,
          .ratio = off        ? 0
                   : by_ratio ? config.telemetry.sampler_ratio
                              : 1};
}

Result<std::unique_ptr<Exports>> Exports::start(const config::Config& config, const Options& options,
                                                State& state, const SchemaAges& ages) {
  auto exports = std::make_unique<RunningExports>(resource_of(config.telemetry, options.version));
  NES_TRY(exports->add_metrics(config, options, state, ages));
  NES_TRY(exports->add_logs(config, options, state));
  NES_TRY(exports->add_traces(config, options, state));
  return std::unique_ptr<Exports>(std::move(exports));
}

}  // namespace nes::service

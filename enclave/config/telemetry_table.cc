#include "enclave/config/draft.h"
#include "enclave/config/values.h"

namespace nes::config {
namespace {

using Outcome = std::optional<Rejection>;

constexpr std::int64_t kMaxDurationMs = 86'400'000;

// The five settings of an exporter, for all signals or for one.
template <OtlpScope kScope>
Outcome endpoint(std::string_view text, Draft& draft) {
  return assign(parse_url(text), draft.at(kScope).endpoint);
}
template <OtlpScope kScope>
Outcome protocol(std::string_view text, Draft& draft) {
  return assign(parse_otlp_protocol(text), draft.at(kScope).protocol);
}
template <OtlpScope kScope>
Outcome headers(std::string_view text, Draft& draft) {
  return assign(parse_otlp_headers(text), draft.at(kScope).headers);
}
template <OtlpScope kScope>
Outcome timeout(std::string_view text, Draft& draft) {
  return assign(parse_integer<std::int64_t>(text, 1, kMaxDurationMs), draft.at(kScope).timeout_ms);
}
template <OtlpScope kScope>
Outcome compression(std::string_view text, Draft& draft) {
  return assign(parse_otlp_compression(text), draft.at(kScope).compression);
}

// A number of milliseconds or of items at its place in Telemetry.
template <auto kProcessor, auto kMember>
Outcome duration(std::string_view text, Draft& draft) {
  return assign(parse_integer<std::int64_t>(text, 1, kMaxDurationMs),
                draft.config.telemetry.*kProcessor.*kMember);
}
template <auto kProcessor, auto kMember>
Outcome count(std::string_view text, Draft& draft) {
  return assign(parse_integer<std::size_t>(text, 1, 1'000'000), draft.config.telemetry.*kProcessor.*kMember);
}
template <auto kMember>
Outcome metric_duration(std::string_view text, Draft& draft) {
  return assign(parse_integer<std::int64_t>(text, 1, kMaxDurationMs), draft.config.telemetry.*kMember);
}
template <auto kSignal>
Outcome exporter(std::string_view text, Draft& draft) {
  return assign(parse_otel_exporter(text), (draft.config.telemetry.*kSignal).enabled);
}

Outcome service_name(std::string_view text, Draft& draft) {
  return assign(parse_service_name(text), draft.service_name);
}

constexpr std::string_view kUrl = "http://HOST[:PORT][/path], https:// likewise, or vsock://CID:PORT[/path]";
constexpr std::string_view kProtocol = "grpc, http/protobuf or http/json";
constexpr std::string_view kPairs = "key=value pairs separated by commas, values percent-encoded";
constexpr std::string_view kCompression = "none or gzip";
constexpr std::string_view kExporter = "otlp or none";
constexpr std::string_view kDuration = "an integer from 1 to 86400000";
constexpr std::string_view kCount = "an integer from 1 to 1000000";
constexpr std::string_view kGeneralEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT, over HTTP with the signal's path";
constexpr std::string_view kGeneralProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL";
constexpr std::string_view kGeneralHeaders = "OTEL_EXPORTER_OTLP_HEADERS";
constexpr std::string_view kGeneralTimeout = "OTEL_EXPORTER_OTLP_TIMEOUT";
constexpr std::string_view kGeneralCompression = "OTEL_EXPORTER_OTLP_COMPRESSION";

using enum OtlpScope;

constexpr Variable<Draft> kTable[] = {
    {{.name = "OTEL_EXPORTER_OTLP_ENDPOINT",
      .required = true,
      .accepts = kUrl,
      .meaning = "the collector; 127.0.0.1 and localhost mean the parent's, over vsock at VSOCK_PROXY_CID"},
     endpoint<kGeneral>},
    {{.name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      .default_note = kGeneralEndpoint,
      .accepts = kUrl,
      .meaning = "the same for traces; over HTTP the path is taken as it is"},
     endpoint<kTraces>},
    {{.name = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
      .default_note = kGeneralEndpoint,
      .accepts = kUrl,
      .meaning = "the same for metrics"},
     endpoint<kMetrics>},
    {{.name = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
      .default_note = kGeneralEndpoint,
      .accepts = kUrl,
      .meaning = "the same for logs"},
     endpoint<kLogs>},
    {{.name = "OTEL_EXPORTER_OTLP_PROTOCOL",
      .default_note = "grpc; http/protobuf when the endpoint's port is 4318",
      .accepts = kProtocol,
      .meaning = "how OTLP is spoken"},
     protocol<kGeneral>},
    {{.name = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
      .default_note = kGeneralProtocol,
      .accepts = kProtocol,
      .meaning = "the same for traces"},
     protocol<kTraces>},
    {{.name = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
      .default_note = kGeneralProtocol,
      .accepts = kProtocol,
      .meaning = "the same for metrics"},
     protocol<kMetrics>},
    {{.name = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
      .default_note = kGeneralProtocol,
      .accepts = kProtocol,
      .meaning = "the same for logs"},
     protocol<kLogs>},
    {{.name = "OTEL_EXPORTER_OTLP_HEADERS",
      .default_note = "none",
      .sensitive = true,
      .accepts = kPairs,
      .meaning = "headers (gRPC: metadata) of every export"},
     headers<kGeneral>},
    {{.name = "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
      .default_note = kGeneralHeaders,
      .sensitive = true,
      .accepts = kPairs,
      .meaning = "the same for traces, instead of the general ones"},
     headers<kTraces>},
    {{.name = "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
      .default_note = kGeneralHeaders,
      .sensitive = true,
      .accepts = kPairs,
      .meaning = "the same for metrics"},
     headers<kMetrics>},
    {{.name = "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
      .default_note = kGeneralHeaders,
      .sensitive = true,
      .accepts = kPairs,
      .meaning = "the same for logs"},
     headers<kLogs>},
    {{.name = "OTEL_EXPORTER_OTLP_TIMEOUT",
      .default_value = "10000",
      .accepts = kDuration,
      .meaning = "milliseconds that one export may take"},
     timeout<kGeneral>},
    {{.name = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
      .default_note = kGeneralTimeout,
      .accepts = kDuration,
      .meaning = "the same for traces"},
     timeout<kTraces>},
    {{.name = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
      .default_note = kGeneralTimeout,
      .accepts = kDuration,
      .meaning = "the same for metrics"},
     timeout<kMetrics>},
    {{.name = "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
      .default_note = kGeneralTimeout,
      .accepts = kDuration,
      .meaning = "the same for logs"},
     timeout<kLogs>},
    {{.name = "OTEL_EXPORTER_OTLP_COMPRESSION",
      .default_value = "none",
      .accepts = kCompression,
      .meaning = "how exports are compressed"},
     compression<kGeneral>},
    {{.name = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
      .default_note = kGeneralCompression,
      .accepts = kCompression,
      .meaning = "the same for traces"},
     compression<kTraces>},
    {{.name = "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
      .default_note = kGeneralCompression,
      .accepts = kCompression,
      .meaning = "the same for metrics"},
     compression<kMetrics>},
    {{.name = "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
      .default_note = kGeneralCompression,
      .accepts = kCompression,
      .meaning = "the same for logs"},
     compression<kLogs>},
    {{.name = "OTEL_SERVICE_NAME",
      .default_note = "service.name in OTEL_RESOURCE_ATTRIBUTES, else nitro-enc-svc",
      .accepts = "at most 255 bytes of UTF-8 without control characters",
      .meaning = "the resource attribute service.name"},
     service_name},
    {{.name = "OTEL_RESOURCE_ATTRIBUTES",
      .default_note = "none",
      .accepts = kPairs,
      .meaning = "attributes of everything exported"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_resource_attributes(text), draft.config.telemetry.resource_attributes);
     }},
    {{.name = "OTEL_SDK_DISABLED",
      .default_value = "false",
      .accepts = "true or false",
      .meaning = "whether nothing is exported"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_otel_boolean(text), draft.sdk_disabled);
     }},
    {{.name = "OTEL_TRACES_EXPORTER",
      .default_value = "otlp",
      .accepts = kExporter,
      .meaning = "whether traces are exported"},
     exporter<&Telemetry::traces>},
    {{.name = "OTEL_METRICS_EXPORTER",
      .default_value = "otlp",
      .accepts = kExporter,
      .meaning = "whether metrics are exported"},
     exporter<&Telemetry::metrics>},
    {{.name = "OTEL_LOGS_EXPORTER",
      .default_value = "otlp",
      .accepts = kExporter,
      .meaning = "whether logs are exported over OTLP; the log stream is apart"},
     exporter<&Telemetry::logs>},
    {{.name = "OTEL_TRACES_SAMPLER",
      .default_value = "parentbased_always_on",
      .accepts = "always_on, always_off, traceidratio or one of these after parentbased_",
      .meaning = "which requests are traced"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_sampler(text), draft.config.telemetry.sampler);
     }},
    {{.name = "OTEL_TRACES_SAMPLER_ARG",
      .default_value = "1.0",
      .accepts = "a decimal fraction from 0 to 1",
      .meaning = "the part that the traceidratio samplers take"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_ratio(text), draft.config.telemetry.sampler_ratio);
     }},
    {{.name = "OTEL_BSP_SCHEDULE_DELAY",
      .default_value = "5000",
      .accepts = kDuration,
      .meaning = "milliseconds between exports of spans"},
     duration<&Telemetry::spans, &BatchProcessor::schedule_delay_ms>},
    {{.name = "OTEL_BSP_EXPORT_TIMEOUT",
      .default_value = "30000",
      .accepts = kDuration,
      .meaning = "milliseconds that a batch of spans may take, repeats included"},
     duration<&Telemetry::spans, &BatchProcessor::export_timeout_ms>},
    {{.name = "OTEL_BSP_MAX_QUEUE_SIZE",
      .default_value = "2048",
      .accepts = kCount,
      .meaning = "spans that wait; more are dropped and counted"},
     count<&Telemetry::spans, &BatchProcessor::max_queue_size>},
    {{.name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
      .default_value = "512",
      .accepts = kCount,
      .meaning = "spans in one export; at most OTEL_BSP_MAX_QUEUE_SIZE"},
     count<&Telemetry::spans, &BatchProcessor::max_export_batch_size>},
    {{.name = "OTEL_BLRP_SCHEDULE_DELAY",
      .default_value = "1000",
      .accepts = kDuration,
      .meaning = "milliseconds between exports of log records"},
     duration<&Telemetry::log_records, &BatchProcessor::schedule_delay_ms>},
    {{.name = "OTEL_BLRP_EXPORT_TIMEOUT",
      .default_value = "30000",
      .accepts = kDuration,
      .meaning = "milliseconds that a batch of log records may take, repeats included"},
     duration<&Telemetry::log_records, &BatchProcessor::export_timeout_ms>},
    {{.name = "OTEL_BLRP_MAX_QUEUE_SIZE",
      .default_value = "2048",
      .accepts = kCount,
      .meaning = "log records that wait; more are dropped and counted"},
     count<&Telemetry::log_records, &BatchProcessor::max_queue_size>},
    {{.name = "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
      .default_value = "512",
      .accepts = kCount,
      .meaning = "log records in one export; at most OTEL_BLRP_MAX_QUEUE_SIZE"},
     count<&Telemetry::log_records, &BatchProcessor::max_export_batch_size>},
    {{.name = "OTEL_METRIC_EXPORT_INTERVAL",
      .default_value = "60000",
      .accepts = kDuration,
      .meaning = "milliseconds between exports of metrics"},
     metric_duration<&Telemetry::metric_export_interval_ms>},
    {{.name = "OTEL_METRIC_EXPORT_TIMEOUT",
      .default_value = "30000",
      .accepts = kDuration,
      .meaning = "milliseconds that an export of metrics may take, repeats included"},
     metric_duration<&Telemetry::metric_export_timeout_ms>},
};

}  // namespace

std::span<const Variable<Draft>> telemetry_table() { return kTable; }

}  // namespace nes::config

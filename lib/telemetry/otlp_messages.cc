#include "telemetry/otlp_messages.h"

#include <array>

namespace nes::telemetry {
namespace {

constexpr std::string_view kScope = "nitro-enc-svc";
constexpr std::uint32_t kCumulative = 2;   // AggregationTemporality
constexpr std::uint32_t kServerSpan = 2;   // SpanKind
constexpr std::uint32_t kStatusError = 2;  // Status.StatusCode
constexpr std::uint32_t kSampled = 1;      // W3C trace flags

std::uint64_t nanoseconds_of_ms(std::int64_t ms) noexcept {
  return static_cast<std::uint64_t>(ms) * 1'000'000;
}
std::uint64_t nanoseconds_of_us(std::int64_t us) noexcept { return static_cast<std::uint64_t>(us) * 1'000; }

// KeyValue, in a list that is open.
template <typename Write>
void write_pair_of(OtlpEncoder& out, std::string_view key, Write write_value) {
  out.begin_item();
  out.text({1, "key"}, key);
  out.begin({2, "value"});
  write_value();
  out.end();
  out.end();
}
void write_pair(OtlpEncoder& out, std::string_view key, std::string_view value) {
  write_pair_of(out, key, [&] { out.text({1, "stringValue"}, value); });
}
void write_pair(OtlpEncoder& out, std::string_view key, std::uint64_t value) {
  write_pair_of(out, key, [&] { out.integer({3, "intValue"}, static_cast<std::int64_t>(value)); });
}

// The same frame for every signal: resource, scope, and in it the list that `write_items` fills.
struct Frame {
  OtlpField resources, scopes, items;
};
template <typename WriteItems>
void write_frame(OtlpEncoder& out, const Resource& resource, const Frame& frame, WriteItems write_items) {
  out.begin_list(frame.resources);
  out.begin_item();
  out.begin({1, "resource"});
  out.begin_list({1, "attributes"});
  write_pair(out, "service.name", resource.service_name);
  write_pair(out, "service.version", resource.version);
  for (const auto& [key, value] : resource.attributes) write_pair(out, key, value);
  out.end_list();
  out.end();
  out.begin_list(frame.scopes);
  out.begin_item();
  out.begin({1, "scope"});
  out.text({1, "name"}, kScope);
  out.text({2, "version"}, resource.version);
  out.end();
  out.begin_list(frame.items);
  write_items();
  out.end_list();
  out.end();
  out.end_list();
  out.end();
  out.end_list();
}

void write_histogram_point(OtlpEncoder& out, const HistogramTotals& totals, double scale) {
  std::uint64_t count = 0;
  for (const std::uint64_t n : totals.counts) count += n;
  std::array<double, kBounds> bounds{};
  for (std::size_t i = 0; i < kBounds; ++i) bounds[i] = static_cast<double>(bound_us(i)) * scale;
  out.fixed64({4, "count"}, count);
  out.real({5, "sum"}, static_cast<double>(totals.sum_us) * scale);
  out.fixed64s({6, "bucketCounts"}, totals.counts);
  out.reals({7, "explicitBounds"}, bounds);
}

void write_family(OtlpEncoder& out, const MetricFamily& family, std::uint64_t start_ns,
                  std::uint64_t now_ns) {
  const bool histogram = family.kind == MetricFamily::Kind::kHistogram;
  constexpr OtlpField kKinds[] = {{7, "sum"}, {5, "gauge"}, {9, "histogram"}};
  out.begin_item();
  out.text({1, "name"}, family.name);
  out.text({2, "description"}, family.description);
  out.text({3, "unit"}, family.unit);
  out.begin(kKinds[static_cast<std::size_t>(family.kind)]);
  out.begin_list({1, "dataPoints"});
  for (const MetricFamily::Point& point : family.points) {
    out.begin_item();
    if (family.kind != MetricFamily::Kind::kGauge) out.fixed64({2, "startTimeUnixNano"}, start_ns);
    out.fixed64({3, "timeUnixNano"}, now_ns);
    if (histogram)
      write_histogram_point(out, point.histogram, family.unit == "ms" ? 0.001 : 1);
    else
      out.fixed64({6, "asInt"}, point.value);
    if (!point.label.empty()) {
      out.begin_list({histogram ? 9U : 7U, "attributes"});
      write_pair(out, family.label_name, point.label);
      out.end_list();
    }
    out.end();
  }
  out.end_list();
  if (family.kind != MetricFamily::Kind::kGauge) out.small({2, "aggregationTemporality"}, kCumulative);
  if (family.kind == MetricFamily::Kind::kSum) out.boolean({3, "isMonotonic"}, true);
  out.end();
  out.end();
}

// Logs data model, "Severity Fields".
std::uint32_t severity_of(Level level) noexcept {
  switch (level) {
    case Level::kError: return 17;
    case Level::kWarn: return 13;
    case Level::kInfo: return 9;
    case Level::kDebug: return 5;
    case Level::kTrace: return 1;
  }
  return 0;
}

void write_attribute(OtlpEncoder& out, const Attribute& attribute) {
  write_pair_of(out, attribute.name, [&] {
    if (const auto* text = std::get_if<std::string>(&attribute.value))
      out.text({1, "stringValue"}, *text);
    else if (const auto* flag = std::get_if<bool>(&attribute.value))
      out.boolean({2, "boolValue"}, *flag);
    else if (const auto* number = std::get_if<std::int64_t>(&attribute.value))
      out.integer({3, "intValue"}, *number);
    else
      out.integer({3, "intValue"}, static_cast<std::int64_t>(*std::get_if<std::uint64_t>(&attribute.value)));
  });
}

void write_span(OtlpEncoder& out, const Span& span, std::int64_t unix_offset_us) {
  std::string name(span.method);
  if (!span.route.empty()) name.append(" ").append(span.route);
  out.begin_item();
  out.id({1, "traceId"}, span.trace_id);
  out.id({2, "spanId"}, span.span_id);
  if (span.has_parent) out.id({4, "parentSpanId"}, span.parent_id);
  out.text({5, "name"}, name);
  out.small({6, "kind"}, kServerSpan);
  out.fixed64({7, "startTimeUnixNano"}, nanoseconds_of_us(span.begin_us + unix_offset_us));
  out.fixed64({8, "endTimeUnixNano"}, nanoseconds_of_us(span.end_us + unix_offset_us));
  out.begin_list({9, "attributes"});
  write_pair(out, "http.request.method", span.method);
  if (!span.route.empty()) write_pair(out, "http.route", span.route);
  write_pair(out, "http.response.status_code", static_cast<std::uint64_t>(span.status));
  write_pair(out, "network.protocol.version", span.protocol);
  if (span.schema_size != 0) write_pair(out, "enclave.schema", span.schema());
  write_pair(out, "enclave.fields", span.fields);
  if (!span.error.empty()) write_pair(out, "error.type", span.error);
  out.end_list();
  if (span.status >= 500) {  // HTTP semantic conventions: a server's span has failed with 5xx alone
    out.begin({15, "status"});
    out.small({3, "code"}, kStatusError);
    out.end();
  }
  out.fixed32({16, "flags"}, kSampled);
  out.end();
}

}  // namespace

std::vector<MetricFamily> families_of(const CounterRegistry& registry) {
  std::vector<MetricFamily> families;
  for (std::size_t i = 0; i < kCounters; ++i) {
    const auto counter = static_cast<Counter>(i);
    const MetricInfo info = counter_info(counter);
    families.push_back({.kind = MetricFamily::Kind::kSum,
                        .name = info.name,
                        .description = info.description,
                        .unit = info.unit,
                        .points = {{.value = registry.total(counter)}}});
  }
  for (std::size_t i = 0; i < kHistograms; ++i) {
    const auto histogram = static_cast<Histogram>(i);
    const MetricInfo info = histogram_info(histogram);
    if (families.back().name != info.name)
      families.push_back({.kind = MetricFamily::Kind::kHistogram,
                          .name = info.name,
                          .description = info.description,
                          .unit = info.unit,
                          .label_name = "phase"});
    families.back().points.push_back(
        {.label = std::string(info.label), .histogram = registry.total(histogram)});
  }
  return families;
}

void write_metrics(OtlpEncoder& out, const Resource& resource, std::span<const MetricFamily> families,
                   std::int64_t start_unix_ms, std::int64_t now_unix_ms) {
  constexpr Frame kFrame{{1, "resourceMetrics"}, {2, "scopeMetrics"}, {2, "metrics"}};
  write_frame(out, resource, kFrame, [&] {
    for (const MetricFamily& family : families)
      write_family(out, family, nanoseconds_of_ms(start_unix_ms), nanoseconds_of_ms(now_unix_ms));
  });
}

void write_logs(OtlpEncoder& out, const Resource& resource, std::span<const LogRecord> records) {
  constexpr Frame kFrame{{1, "resourceLogs"}, {2, "scopeLogs"}, {2, "logRecords"}};
  write_frame(out, resource, kFrame, [&] {
    for (const LogRecord& record : records) {
      out.begin_item();
      out.fixed64({1, "timeUnixNano"}, nanoseconds_of_ms(record.unix_ms));
      out.small({2, "severityNumber"}, severity_of(record.level));
      out.text({3, "severityText"}, level_name(record.level));
      out.begin({5, "body"});
      out.text({1, "stringValue"}, record.event);
      out.end();
      out.begin_list({6, "attributes"});
      for (const Attribute& attribute : record.attributes) write_attribute(out, attribute);
      out.end_list();
      out.fixed64({11, "observedTimeUnixNano"}, nanoseconds_of_ms(record.unix_ms));
      out.text({12, "eventName"}, record.event);
      out.end();
    }
  });
}

void write_spans(OtlpEncoder& out, const Resource& resource, std::span<const Span> spans,
                 std::int64_t unix_offset_us) {
  constexpr Frame kFrame{{1, "resourceSpans"}, {2, "scopeSpans"}, {2, "spans"}};
  write_frame(out, resource, kFrame, [&] {
    for (const Span& span : spans) write_span(out, span, unix_offset_us);
  });
}

}  // namespace nes::telemetry

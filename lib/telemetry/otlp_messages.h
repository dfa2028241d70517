// What is exported, as messages of OTLP (opentelemetry-proto 1.5): each function writes one export request.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/log_records.h"
#include "telemetry/metrics.h"
#include "telemetry/otlp_encoder.h"
#include "telemetry/span.h"

namespace nes::telemetry {

// Who sends: attributes of everything.
struct Resource {
  std::string service_name;
  std::string version;
  std::vector<std::pair<std::string, std::string>> attributes{};
};

// A metric and its points, which differ in the value of one attribute.
struct MetricFamily {
  enum class Kind : std::uint8_t {
    kSum,
    kGauge,
    kHistogram
  };  // sums are monotonic, and like histograms cumulative
  struct Point {
    std::string label{};  // an operator's text or a literal; empty for none
    std::uint64_t value = 0;
    HistogramTotals histogram{};
  };
  Kind kind = Kind::kSum;
  std::string_view name;  // this and the next three are literals
  std::string_view description;
  std::string_view unit;
  std::string_view label_name = {};
  std::vector<Point> points{};
};

// All counters and histograms of a registry.
std::vector<MetricFamily> families_of(const CounterRegistry& registry);

void write_metrics(OtlpEncoder& out, const Resource& resource, std::span<const MetricFamily> families,
                   std::int64_t start_unix_ms, std::int64_t now_unix_ms);
void write_logs(OtlpEncoder& out, const Resource& resource, std::span<const LogRecord> records);
// `unix_offset_us` is what makes a monotonic time one since 1970.
void write_spans(OtlpEncoder& out, const Resource& resource, std::span<const Span> spans,
                 std::int64_t unix_offset_us);

}  // namespace nes::telemetry

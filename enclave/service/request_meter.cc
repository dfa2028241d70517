#include "enclave/service/request_meter.h"

#include <cstring>

#include "enclave/service/handler.h"

namespace nes::service {
namespace {

// HTTP semantic conventions: what is not known is _OTHER.
std::string_view method_name(http::Method method) noexcept {
  switch (method) {
    case http::Method::kGet: return "GET";
    case http::Method::kHead: return "HEAD";
    case http::Method::kPost: return "POST";
    case http::Method::kPut: return "PUT";
    case http::Method::kDelete: return "DELETE";
    case http::Method::kOptions: return "OPTIONS";
    case http::Method::kPatch: return "PATCH";
    case http::Method::kOther: break;
  }
  return "_OTHER";
}

// They come every second or so, and say nothing.
bool is_probe(const Route* route) noexcept {
  if (route == nullptr) return false;
  return route->action == Action::kHealth || route->action == Action::kLivez ||
         route->action == Action::kReadyz;
}

}  // namespace

void TraceIds::fill(telemetry::TraceId& trace, telemetry::SpanId& span) noexcept {
  constexpr std::size_t kSize = crypto::NoncePool::kNonceSize;
  std::array<std::uint8_t, 2 * kSize> bytes{};
  static_assert(sizeof trace + sizeof span == sizeof bytes);
  pool_.take(std::span<std::uint8_t, kSize>(bytes.data(), kSize));
  pool_.take(std::span<std::uint8_t, kSize>(bytes.data() + kSize, kSize));
  std::memcpy(trace.data(), bytes.data(), trace.size());
  std::memcpy(span.data(), bytes.data() + trace.size(), span.size());
}

RequestMeter::RequestMeter(const Clock& clock, telemetry::CounterShard& counters,
                           telemetry::SpanRegistry* spans, telemetry::Sampling sampling)
    : clock_(clock),
      counters_(counters),
      spans_(spans == nullptr ? nullptr : &spans->add_shard()),
      sampling_(sampling) {}

void RequestMeter::ends(telemetry::Histogram phase, std::int64_t begin_us) noexcept {
  mark_us_ = now_us();
  counters_.observe(phase, mark_us_ - begin_us);
}

void RequestMeter::request_ends(telemetry::Histogram latency) noexcept {
  counters_.observe(latency, mark_us_ - whole_us_);
}

RequestTrace RequestMeter::trace(const RequestInfo& request, const Route* route,
                                 std::int64_t begin_us) noexcept {
  RequestTrace trace;
  if (spans_ == nullptr || is_probe(route)) return trace;
  if (request.traceparent) trace.parent = telemetry::parse_traceparent(*request.traceparent);
  ids_.fill(trace.trace_id, trace.span_id);
  if (trace.parent) trace.trace_id = trace.parent->trace_id;
  trace.recorded = sampling_.takes(trace.trace_id, trace.parent);
  trace.begin_us = begin_us;
  trace.method = method_name(request.method);
  if (route != nullptr) trace.route = route->path;
  trace.protocol = request.http_2 ? "2" : request.http_1_0 ? "1.0" : "1.1";
  return trace;
}

void RequestMeter::record(const RequestTrace& trace, const RequestEnd& end) noexcept {
  if (!trace.recorded) return;
  telemetry::Span* const span = spans_->claim();
  if (span == nullptr) return counters_.add(telemetry::Counter::kSpansDropped);
  span->trace_id = trace.trace_id;
  span->span_id = trace.span_id;
  span->has_parent = trace.parent.has_value();
  if (trace.parent) span->parent_id = trace.parent->span_id;
  span->begin_us = trace.begin_us;
  span->end_us = now_us();
  span->method = trace.method;
  span->route = trace.route;
  span->protocol = trace.protocol;
  span->error = end.error ? std::string_view(base::error_code_name(*end.error)) : std::string_view();
  span->status = end.status;
  span->fields = end.fields;
  span->set_schema(end.schema);
  spans_->publish();
}

}  // namespace nes::service

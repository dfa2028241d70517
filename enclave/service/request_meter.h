// What is measured of the requests of one thread, and their spans: how long each phase took, how long the
// request, and who is to be told. It costs a look at the clock a phase and no allocation.
//
// Nothing here is a request's own: routes are those of the table, schemas those that are loaded, and of a
// traceparent only the ids are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/random.h"
#include "enclave/service/routes.h"
#include "telemetry/metrics.h"
#include "telemetry/span.h"

namespace nes::service {

struct RequestInfo;

// Random ids, of no more worth than that they differ: from a pool that no key and no nonce comes from.
class TraceIds {
 public:
  void fill(telemetry::TraceId& trace, telemetry::SpanId& span) noexcept;

 private:
  crypto::NoncePool pool_;
};

// A request as its span will have it.
struct RequestTrace {
  bool recorded = false;  // else the rest does not matter
  telemetry::TraceId trace_id{};
  telemetry::SpanId span_id{};
  std::optional<telemetry::TraceParent> parent{};
  std::int64_t begin_us = 0;
  std::string_view method;  // literals
  std::string_view route = {};
  std::string_view protocol;
};

// How it ended.
struct RequestEnd {
  int status = 200;
  std::optional<ErrorCode> error{};
  std::string_view schema{};
  std::uint64_t fields = 0;
};

class RequestMeter {
 public:
  // Null `spans`: none are recorded. All must outlive the meter.
  RequestMeter(const Clock& clock, telemetry::CounterShard& counters, telemetry::SpanRegistry* spans,
               telemetry::Sampling sampling);

  std::int64_t now_us() const noexcept { return clock_.monotonic_us(); }
  // The last time that this thread was asked about.
  std::int64_t mark_us() const noexcept { return mark_us_; }
  // A phase ends now; it began at `begin_us`, or when the last one ended.
  void ends(telemetry::Histogram phase, std::int64_t begin_us) noexcept;
  void ends(telemetry::Histogram phase) noexcept { ends(phase, mark_us_); }
  void begins() noexcept { mark_us_ = now_us(); }

  // Work on a whole request begins at mark_us(); its answer has been made, or sent, by now.
  void request_begins() noexcept { whole_us_ = mark_us_; }
  void request_ends(telemetry::Histogram latency) noexcept;

  // A request whose head was there at `begin_us`. `route` is null if it was not admitted.
  RequestTrace trace(const RequestInfo& request, const Route* route, std::int64_t begin_us) noexcept;
  void record(const RequestTrace& trace, const RequestEnd& end) noexcept;

 private:
  const Clock& clock_;
  telemetry::CounterShard& counters_;
  telemetry::SpanShard* const spans_;
  const telemetry::Sampling sampling_;
  TraceIds ids_;
  std::int64_t mark_us_ = 0;
  std::int64_t whole_us_ = 0;
};

}  // namespace nes::service

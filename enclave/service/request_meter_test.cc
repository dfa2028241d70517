#include "enclave/service/request_meter.h"

#include <gtest/gtest.h>

#include "enclave/service/gauges.h"
#include "enclave/service/handler.h"

namespace nes::service {
namespace {

using telemetry::Histogram;

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class SetClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return us / 1000; }
  std::int64_t monotonic_us() const noexcept override { return us; }
  std::int64_t unix_ms() const noexcept override { return 0; }
  std::int64_t us = 1'000'000;
};

const Route& route(std::string_view path) {
  for (const Route& one : service_routes())
    if (one.path == path) return one;
  ADD_FAILURE() << path;
  return service_routes().front();
}

class RequestMeterTest : public testing::Test {
 protected:
  RequestMeterTest() {
    request_.method = http::Method::kPost;
    request_.path = "/v1/encrypt";
  }

  telemetry::Span only_span() {
    const auto spans = spans_.take(10);
    EXPECT_EQ(spans.size(), 1U);
    return spans.empty() ? telemetry::Span() : spans.front();
  }

  SetClock clock_;
  telemetry::CounterRegistry counters_;
  telemetry::SpanRegistry spans_{2};
  RequestMeter meter_{clock_, counters_.add_shard(), &spans_, {.enabled = true}};
  RequestInfo request_;
};

TEST_F(RequestMeterTest, measures_phases_one_after_another_and_the_request_over_all) {
  meter_.begins();
  meter_.request_begins();
  for (const Histogram phase : {Histogram::kPhaseParse, Histogram::kPhasePlan, Histogram::kPhaseSeal}) {
    clock_.us += 10;
    meter_.ends(phase);
  }
  meter_.request_ends(Histogram::kEncryptLatency);
  EXPECT_EQ(counters_.total(Histogram::kPhaseParse).sum_us, 10U);
  EXPECT_EQ(counters_.total(Histogram::kPhaseSeal).sum_us, 10U);
  EXPECT_EQ(counters_.total(Histogram::kEncryptLatency).sum_us, 30U);
}

TEST_F(RequestMeterTest, records_a_span_with_what_the_program_knows) {
  const auto trace = meter_.trace(request_, &route("/v1/encrypt"), clock_.us);
  clock_.us += 250;
  meter_.record(trace, {.status = 422, .error = ErrorCode::kTokenRejected, .schema = "people", .fields = 3});
  const telemetry::Span span = only_span();
  EXPECT_EQ(span.end_us - span.begin_us, 250);
  EXPECT_EQ(span.method, "POST");
  EXPECT_EQ(span.route, "/v1/encrypt");
  EXPECT_EQ(span.error, "token_rejected");
  EXPECT_EQ(span.schema(), "people");
  EXPECT_EQ(span.fields, 3U);
  EXPECT_FALSE(span.has_parent);
  EXPECT_NE(span.trace_id, telemetry::TraceId{});
  EXPECT_NE(span.span_id, telemetry::SpanId{});
}

TEST_F(RequestMeterTest, a_path_that_is_no_route_leaves_nothing_of_itself) {
  request_.path = "/secret/4242";
  meter_.record(meter_.trace(request_, nullptr, 0), {.status = 404, .error = ErrorCode::kNotFound});
  EXPECT_EQ(only_span().route, "");
}

TEST_F(RequestMeterTest, is_the_child_of_its_parent) {
  request_.traceparent = kParent;
  meter_.record(meter_.trace(request_, nullptr, 0), {});
  const telemetry::Span span = only_span();
  const auto parent = telemetry::parse_traceparent(kParent);
  EXPECT_TRUE(span.has_parent);
  EXPECT_EQ(span.trace_id, parent->trace_id);
  EXPECT_EQ(span.parent_id, parent->span_id);
  EXPECT_NE(span.span_id, parent->span_id);
}

TEST_F(RequestMeterTest, probes_and_requests_without_spans_record_none) {
  for (const char* const path : {"/livez", "/readyz", "/health"})
    meter_.record(meter_.trace(request_, &route(path), 0), {});
  RequestMeter silent(clock_, counters_.add_shard(), nullptr, {.enabled = true});
  silent.record(silent.trace(request_, nullptr, 0), {});
  EXPECT_EQ(spans_.size(), 0U);
}

TEST_F(RequestMeterTest, counts_a_span_without_room) {
  for (int i = 0; i < 3; ++i) meter_.record(meter_.trace(request_, nullptr, 0), {});
  EXPECT_EQ(spans_.size(), 2U);
  EXPECT_EQ(counters_.total(telemetry::Counter::kSpansDropped), 1U);
}

TEST(SchemaAges, grow_where_the_newest_version_is_not_in_use) {
  SchemaAges ages;
  ages.note({"a", "b", "c"}, {}, 1'000);
  ages.note({"a"}, {"b", "never-loaded"}, 5'000);
  using Expected = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(ages.ages_ms(6'000), (Expected{{"a", 1'000}, {"b", 5'000}}));
  ages.note({"b"}, {}, 7'000);
  EXPECT_EQ(ages.ages_ms(7'000), (Expected{{"b", 0}}));
}

TEST(Gauges, know_the_memory_of_the_process) { EXPECT_GT(resident_bytes(), 100'000U); }

}  // namespace
}  // namespace nes::service

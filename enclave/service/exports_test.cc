#include "enclave/service/exports.h"

#include <gtest/gtest.h>

namespace nes::service {
namespace {

using config::Sampler;

config::Config with(Sampler sampler) {
  config::Config config;
  config.worker_threads = 3;
  config.telemetry.sampler = sampler;
  config.telemetry.sampler_ratio = 0.25;
  config.telemetry.spans.max_queue_size = 7;
  config.telemetry.log_records.max_queue_size = 7;
  return config;
}

TEST(Exports, sample_as_the_specification_names_it) {
  const auto is = [](Sampler sampler, bool enabled, bool parent_based, double ratio) {
    const telemetry::Sampling sampling = sampling_of(with(sampler));
    EXPECT_EQ(sampling.enabled, enabled);
    EXPECT_EQ(sampling.parent_based, parent_based);
    EXPECT_EQ(sampling.ratio, ratio);
  };
  is(Sampler::kAlwaysOn, true, false, 1);
  is(Sampler::kAlwaysOff, false, false, 0);
  is(Sampler::kTraceIdRatio, true, false, 0.25);
  is(Sampler::kParentBasedAlwaysOn, true, true, 1);
  is(Sampler::kParentBasedAlwaysOff, true, true, 0);
  is(Sampler::kParentBasedTraceIdRatio, true, true, 0.25);
}

TEST(Exports, have_queues_for_what_is_exported_alone) {
  config::Config config = with(Sampler::kAlwaysOn);
  EXPECT_NE(log_records_of(config), nullptr);
  const auto spans = spans_of(config);
  ASSERT_NE(spans, nullptr);
  telemetry::SpanShard& shard = spans->add_shard();  // a third of seven, rounded up
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(shard.claim(), nullptr);
    shard.publish();
  }
  EXPECT_EQ(shard.claim(), nullptr);
  EXPECT_EQ(spans_of(with(Sampler::kAlwaysOff)), nullptr);
  config.telemetry.traces.enabled = config.telemetry.logs.enabled = false;
  EXPECT_EQ(spans_of(config), nullptr);
  EXPECT_EQ(log_records_of(config), nullptr);
}

}  // namespace
}  // namespace nes::service

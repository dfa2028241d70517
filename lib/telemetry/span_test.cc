#include "telemetry/span.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace nes::telemetry {
namespace {

constexpr std::string_view kParent =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";  // its section 3.2.3

TEST(TraceParent, reads_the_example_of_the_recommendation) {
  const auto parent = parse_traceparent(kParent);
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace_id[0], 0x0a);
  EXPECT_EQ(parent->trace_id[15], 0x9c);
  EXPECT_EQ(parent->span_id[0], 0xb7);
  EXPECT_EQ(parent->span_id[7], 0x31);
  EXPECT_TRUE(parent->sampled);
}

TEST(TraceParent, takes_other_flags_and_later_versions) {
  std::string text(kParent);
  text.replace(53, 2, "00");
  EXPECT_FALSE(parse_traceparent(text)->sampled);
  text.replace(53, 2, "fe");
  EXPECT_FALSE(parse_traceparent(text)->sampled);
  text.replace(53, 2, "03");
  EXPECT_TRUE(parse_traceparent(text)->sampled);
  text.replace(0, 2, "cc");
  EXPECT_TRUE(parse_traceparent(text).has_value());
  EXPECT_TRUE(parse_traceparent(text + "-what the future brings").has_value());
}

TEST(TraceParent, ignores_everything_else) {
  const std::string good(kParent);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_traceparent(good.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(parse_traceparent(good + "-").has_value());
  EXPECT_FALSE(parse_traceparent(good + "0").has_value());
  EXPECT_FALSE(parse_traceparent("cc" + good.substr(2) + "0").has_value());
  EXPECT_FALSE(parse_traceparent("ff" + good.substr(2)).has_value());
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'g', 'A', ' ', '\0', '-'}) {
      if (good[i] == wrong) continue;
      std::string text = good;
      text[i] = wrong;
      EXPECT_FALSE(parse_traceparent(text).has_value()) << text;
    }
  }
  std::string zero = good;
  EXPECT_FALSE(parse_traceparent(zero.replace(3, 32, 32, '0')).has_value());
  zero = good;
  EXPECT_FALSE(parse_traceparent(zero.replace(36, 16, 16, '0')).has_value());
}

TEST(Sampling, follows_the_parent_or_the_ratio) {
  TraceId low{}, high{};
  high.fill(0xff);
  const TraceParent sampled{.sampled = true}, unsampled{.sampled = false};
  const Sampling all{.enabled = true}, half{.enabled = true, .ratio = 0.5}, none{.enabled = true, .ratio = 0},
      own{.enabled = true, .parent_based = false, .ratio = 0}, off{};
  EXPECT_TRUE(all.takes(high, std::nullopt));
  EXPECT_FALSE(all.takes(high, unsampled));
  EXPECT_TRUE(half.takes(low, std::nullopt));
  EXPECT_FALSE(half.takes(high, std::nullopt));
  EXPECT_TRUE(half.takes(high, sampled));
  EXPECT_FALSE(none.takes(low, std::nullopt));
  EXPECT_TRUE(none.takes(low, sampled));
  EXPECT_FALSE(own.takes(low, sampled));
  EXPECT_FALSE(off.takes(low, sampled));
}

TEST(Spans, are_dropped_where_there_is_no_room) {
  SpanRegistry registry(2);
  SpanShard& shard = registry.add_shard();
  for (const int status : {200, 400}) {
    Span* const span = shard.claim();
    ASSERT_NE(span, nullptr);
    *span = {.status = status};
    shard.publish();
  }
  EXPECT_EQ(shard.claim(), nullptr);
  EXPECT_EQ(registry.size(), 2U);
  const auto first = registry.take(1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].status, 200);
  EXPECT_NE(shard.claim(), nullptr);
  EXPECT_EQ(registry.take(10).at(0).status, 400);
  EXPECT_TRUE(registry.take(10).empty());
}

TEST(Spans, cut_the_name_of_a_schema) {
  Span span;
  span.set_schema("payments-v1");
  EXPECT_EQ(span.schema(), "payments-v1");
  span.set_schema(std::string(limits::kSpanSchemaBytes + 1, 'x'));
  EXPECT_EQ(span.schema(), std::string(limits::kSpanSchemaBytes, 'x'));
}

TEST(Spans, pass_between_threads_without_loss) {
  constexpr int kSpans = 20'000;
  SpanRegistry registry(64);
  std::thread writer([&shard = registry.add_shard()] {
    for (int i = 0; i < kSpans;) {
      Span* const span = shard.claim();
      if (span == nullptr) {
        std::this_thread::yield();
        continue;
      }
      *span = {.begin_us = i, .end_us = i, .status = i};
      shard.publish();
      ++i;
    }
  });
  for (int seen = 0; seen < kSpans;)
    for (const Span& span : registry.take(16)) {
      EXPECT_EQ(span.status, seen);
      EXPECT_EQ(span.end_us, seen++);
    }
  writer.join();
}

}  // namespace
}  // namespace nes::telemetry

// The encodings of small messages, byte by byte. That whole requests mean what they should is checked with
// decoders of others (tests/e2e/otlp_e2e.py).
#include <gtest/gtest.h>

#include "telemetry/otlp_messages.h"

namespace nes::telemetry {
namespace {

template <typename Write>
std::string hex(Write write) {
  const auto out = otlp_protobuf();
  write(*out);
  return base::hex_encode(as_bytes(out->take()));
}
template <typename Write>
std::string json(Write write) {
  const auto out = otlp_json();
  write(*out);
  return out->take();
}

void write_each_type(OtlpEncoder& out) {
  constexpr std::uint8_t kId[] = {0xab, 0x01};
  constexpr std::uint64_t kNumbers[] = {1, UINT64_MAX};
  constexpr double kReals[] = {0.5};
  out.text({1, "text"}, "a\"\n");
  out.id({2, "id"}, kId);
  out.boolean({3, "boolean"}, true);
  out.small({4, "small"}, 300);
  out.integer({5, "integer"}, -1);
  out.fixed64({6, "fixed64"}, 258);
  out.fixed32({7, "fixed32"}, 1);
  out.real({8, "real"}, 0.25);
  out.fixed64s({9, "fixed64s"}, kNumbers);
  out.reals({16, "reals"}, kReals);
}

TEST(OtlpEncoder, writes_each_type_as_protobuf) {
  EXPECT_EQ(hex(write_each_type),
            "0a0361220a"                            // 1: length-delimited
            "1202ab01"                              // 2
            "1801"                                  // 3: varint
            "20ac02"                                // 4
            "28ffffffffffffffffff01"                // 5: ten bytes
            "310201000000000000"                    // 6: eight bytes
            "3d01000000"                            // 7: four bytes
            "41000000000000d03f"                    // 8
            "4a100100000000000000ffffffffffffffff"  // 9: packed
            "820108000000000000e03f");              // 16: a key of two bytes
}

TEST(OtlpEncoder, writes_each_type_as_json) {
  EXPECT_EQ(
      json(write_each_type),
      R"({"text":"a\"\n","id":"ab01","boolean":true,"small":300,"integer":"-1","fixed64":"258","fixed32":1,)"
      R"("real":0.25,"fixed64s":["1","18446744073709551615"],"reals":[0.5]})");
}

void write_nested(OtlpEncoder& out) {
  out.begin_list({1, "items"});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{125}}) {
    out.begin_item();
    out.begin({2, "inner"});
    out.text({3, "text"}, std::string(size, 'x'));
    out.end();
    out.end();
  }
  out.end_list();
  out.begin_list({4, "none"});
  out.end_list();
}

TEST(OtlpEncoder, puts_lengths_before_messages) {
  std::string many;
  for (int i = 0; i < 125; ++i) many += "78";
  EXPECT_EQ(hex(write_nested),
            "0a0412021a00"
            "0a0512031a0178"
            "0a8101127f1a7d" +
                many);
  EXPECT_EQ(json(write_nested),
            R"({"items":[{"inner":{"text":""}},{"inner":{"text":"x"}},{"inner":{"text":")" +
                std::string(125, 'x') + R"("}}],"none":[]})");
}

TEST(OtlpEncoder, mends_what_is_no_utf_8) {
  const auto write = [](OtlpEncoder& out) { out.text({1, "t"}, "a\xff\xc3\xa9\xc3"); };
  EXPECT_EQ(hex(write), "0a0961efbfbdc3a9efbfbd");
  EXPECT_EQ(json(write), "{\"t\":\"a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\"}");
}

TEST(OtlpMessages, spell_a_log_record_in_json) {
  LogRecords records(1);
  records.add(1'700'000'000'123, ServiceReady{.keys = 2, .schemas = 3});
  records.add(0, ServiceReady{.keys = 2, .schemas = 3});
  EXPECT_EQ(records.size(), 1U);
  EXPECT_EQ(records.take_dropped(), 1U);
  EXPECT_EQ(records.take_dropped(), 0U);
  const auto taken = records.take(10);
  EXPECT_EQ(
      json([&](OtlpEncoder& out) { write_logs(out, {.service_name = "s", .version = "1"}, taken); }),
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}},)"
      R"({"key":"service.version","value":{"stringValue":"1"}}]},"scopeLogs":[{"scope":{"name":"nitro-enc-svc",)"
      R"("version":"1"},"logRecords":[{"timeUnixNano":"1700000000123000000","severityNumber":9,"severityText":"info",)"
      R"("body":{"stringValue":"service_ready"},"attributes":[{"key":"keys","value":{"intValue":"2"}},)"
      R"({"key":"schemas","value":{"intValue":"3"}}],"observedTimeUnixNano":"1700000000123000000",)"
      R"("eventName":"service_ready"}]}]}]})");
}

TEST(OtlpMessages, have_a_family_a_name) {
  CounterRegistry registry;
  CounterShard& shard = registry.add_shard();
  shard.add(Counter::kFieldsSealed, 7);
  shard.observe(Histogram::kPhaseSeal, 9);
  const auto families = families_of(registry);
  std::size_t phases = 0;
  for (const MetricFamily& family : families) {
    if (family.name == "enclave_fields_sealed") {
      EXPECT_EQ(family.points.at(0).value, 7U);
    }
    if (family.name != "enclave_phase_latency_us") continue;
    ++phases;
    ASSERT_EQ(family.points.size(), 5U);
    EXPECT_EQ(family.points[3].label, "seal");
    EXPECT_EQ(family.points[3].histogram.counts[3], 1U);
  }
  EXPECT_EQ(phases, 1U);
}

}  // namespace
}  // namespace nes::telemetry

// OTEL_*: values by themselves, and what they resolve to together.
#include <gtest/gtest.h>

#include "enclave/config/config_testing.h"
#include "enclave/config/url.h"

namespace nes::config {
namespace {

using namespace std::string_literals;

Telemetry telemetry(const Variables& more) {
  const Variables all = with(more);
  auto result = parse(environment_of(all), kMachine);
  if (const auto* errors = std::get_if<ConfigErrors>(&result)) ADD_FAILURE() << render(*errors);
  return std::holds_alternative<Config>(result) ? std::get<Config>(std::move(result)).telemetry : Telemetry{};
}

template <typename T>
bool accepted(const Value<T>& value) {
  return std::holds_alternative<T>(value);
}

template <typename T>
std::string refusal(const Value<T>& value) {
  const auto* rejection = std::get_if<Rejection>(&value);
  return rejection ? rejection->what : "accepted";
}

TEST(Telemetry, has_the_defaults_of_the_specification) {
  const Telemetry all = telemetry({});
  for (const OtlpSignal& signal : {all.traces, all.metrics, all.logs}) {
    EXPECT_TRUE(signal.enabled);
    EXPECT_EQ(signal.protocol, OtlpProtocol::kGrpc);
    EXPECT_EQ(signal.compression, OtlpCompression::kNone);
    EXPECT_EQ(signal.timeout_ms, 10'000);
    EXPECT_TRUE(signal.headers.empty());
    EXPECT_FALSE(signal.endpoint.tls);
    EXPECT_EQ(signal.endpoint.vsock, (VsockAddress{3, 4317}));
    EXPECT_EQ(signal.endpoint.path, "");
  }
  EXPECT_EQ(all.service_name, "nitro-enc-svc");
  EXPECT_TRUE(all.resource_attributes.empty());
  EXPECT_EQ(all.sampler, Sampler::kParentBasedAlwaysOn);
  EXPECT_EQ(all.sampler_ratio, 1.0);
  EXPECT_EQ(all.spans.schedule_delay_ms, 5'000);
  EXPECT_EQ(all.spans.export_timeout_ms, 30'000);
  EXPECT_EQ(all.spans.max_queue_size, 2'048U);
  EXPECT_EQ(all.spans.max_export_batch_size, 512U);
  EXPECT_EQ(all.log_records.schedule_delay_ms, 1'000);
  EXPECT_EQ(all.log_records.export_timeout_ms, 30'000);
  EXPECT_EQ(all.log_records.max_queue_size, 2'048U);
  EXPECT_EQ(all.log_records.max_export_batch_size, 512U);
  EXPECT_EQ(all.metric_export_interval_ms, 60'000);
  EXPECT_EQ(all.metric_export_timeout_ms, 30'000);
}

TEST(OtlpEndpoint, loopback_means_the_parent) {
  for (const std::string host : {"127.0.0.1", "localhost", "LOCALHOST"}) {
    const auto endpoint =
        telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://" + host + ":9999"}, {"VSOCK_PROXY_CID", "7"}})
            .traces.endpoint;
    EXPECT_EQ(endpoint.vsock, (VsockAddress{7, 9999}));
    EXPECT_FALSE(endpoint.tls);
  }
  const auto tls = telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4317"}}).traces.endpoint;
  EXPECT_EQ(tls.vsock, (VsockAddress{3, 4317}));
  EXPECT_TRUE(tls.tls);
}

TEST(OtlpEndpoint, another_host_is_reached_through_the_proxy) {
  const auto endpoint =
      telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://Collector.example"}}).logs.endpoint;
  EXPECT_FALSE(endpoint.vsock.has_value());
  EXPECT_TRUE(endpoint.tls);
  EXPECT_EQ(endpoint.host, "collector.example");
  EXPECT_EQ(endpoint.port, 443U);
}

TEST(OtlpEndpoint, vsock_is_taken_outright) {
  const auto endpoint = telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "vsock://9:4317"}}).metrics.endpoint;
  EXPECT_EQ(endpoint.vsock, (VsockAddress{9, 4317}));
  EXPECT_EQ(endpoint.host, "localhost");
}

TEST(OtlpEndpoint, port_4318_means_http) {
  const Telemetry all = telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"}});
  EXPECT_EQ(all.traces.protocol, OtlpProtocol::kHttpProtobuf);
  EXPECT_EQ(all.traces.endpoint.path, "/v1/traces");
  EXPECT_EQ(all.metrics.endpoint.path, "/v1/metrics");
  EXPECT_EQ(all.logs.endpoint.path, "/v1/logs");
  EXPECT_EQ(telemetry({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"},
                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}})
                .traces.protocol,
            OtlpProtocol::kGrpc);
}

// OpenTelemetry's OTLP exporter specification, "Endpoint URLs for OTLP/HTTP", examples 1 to 3.
TEST(OtlpEndpoint, the_general_url_gets_the_signals_path_and_a_signals_own_does_not) {
  const Variables http = {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}};
  const auto with_http = [&http](Variables more) {
    more.insert(http.begin(), http.end());
    return telemetry(more);
  };
  EXPECT_EQ(with_http({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"}}).traces.endpoint.path,
            "/v1/traces");
  EXPECT_EQ(with_http({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/my/"}}).traces.endpoint.path,
            "/my/v1/traces");
  const Telemetry mixed =
      with_http({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"},
                 {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://collector.example/v1/metrics"},
                 {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://collector.example"}});
  EXPECT_EQ(mixed.traces.endpoint.path, "/v1/traces");
  EXPECT_EQ(mixed.metrics.endpoint.path, "/v1/metrics");
  EXPECT_EQ(mixed.metrics.endpoint.host, "collector.example");
  EXPECT_EQ(mixed.logs.endpoint.path, "/");
}

TEST(OtlpSignals, have_settings_of_their_own) {
  const Telemetry all = telemetry({{"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                                   {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"},
                                   {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "HTTP/Protobuf"},
                                   {"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "5"},
                                   {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"}});
  EXPECT_EQ(all.traces.headers, (KeyValues{{"b", "2"}}));
  EXPECT_EQ(all.metrics.headers, (KeyValues{{"a", "1"}}));
  EXPECT_EQ(all.traces.protocol, OtlpProtocol::kGrpc);
  EXPECT_EQ(all.metrics.protocol, OtlpProtocol::kHttpProtobuf);
  EXPECT_EQ(all.logs.timeout_ms, 5);
  EXPECT_EQ(all.metrics.timeout_ms, 10'000);
  EXPECT_EQ(all.traces.compression, OtlpCompression::kGzip);
  EXPECT_EQ(all.logs.compression, OtlpCompression::kNone);
}

TEST(OtlpSignals, can_be_switched_off_one_by_one_or_together) {
  const Telemetry one = telemetry({{"OTEL_TRACES_EXPORTER", "none"}});
  EXPECT_FALSE(one.traces.enabled);
  EXPECT_TRUE(one.metrics.enabled);
  const Telemetry none = telemetry({{"OTEL_SDK_DISABLED", "TRUE"}});
  EXPECT_FALSE(none.traces.enabled || none.metrics.enabled || none.logs.enabled);
  EXPECT_EQ(errors_of(with({{"OTEL_LOGS_EXPORTER", "console"}})),
            "config: OTEL_LOGS_EXPORTER: must be otlp or none (got: console)\n");
  EXPECT_EQ(errors_of(with({{"OTEL_SDK_DISABLED", "yes"}})),
            "config: OTEL_SDK_DISABLED: must be true or false (got: yes)\n");
}

TEST(OtelServiceName, goes_before_the_attribute) {
  EXPECT_EQ(telemetry({{"OTEL_SERVICE_NAME", "a"}}).service_name, "a");
  const Telemetry attribute = telemetry({{"OTEL_RESOURCE_ATTRIBUTES", "x=1,service.name=b"}});
  EXPECT_EQ(attribute.service_name, "b");
  EXPECT_EQ(attribute.resource_attributes, (KeyValues{{"x", "1"}}));
  const Telemetry both =
      telemetry({{"OTEL_SERVICE_NAME", "a"}, {"OTEL_RESOURCE_ATTRIBUTES", "service.name=b"}});
  EXPECT_EQ(both.service_name, "a");
  EXPECT_TRUE(both.resource_attributes.empty());
  EXPECT_NE(errors_of(with({{"OTEL_SERVICE_NAME", "a\nb"}})), "");
  EXPECT_NE(errors_of(with({{"OTEL_SERVICE_NAME", "a\xff"}})), "");
}

TEST(OtelSampler, takes_the_names_of_the_specification) {
  const std::pair<std::string, Sampler> kNames[] = {
      {"always_on", Sampler::kAlwaysOn},
      {"always_off", Sampler::kAlwaysOff},
      {"traceidratio", Sampler::kTraceIdRatio},
      {"parentbased_always_on", Sampler::kParentBasedAlwaysOn},
      {"parentbased_always_off", Sampler::kParentBasedAlwaysOff},
      {"ParentBased_TraceIdRatio", Sampler::kParentBasedTraceIdRatio},
  };
  for (const auto& [name, sampler] : kNames)
    EXPECT_EQ(telemetry({{"OTEL_TRACES_SAMPLER", name}}).sampler, sampler);
  for (const std::string_view wrong : {"jaeger_remote", "xray", "always", "parentbased", ""}) {
    EXPECT_FALSE(accepted(parse_sampler(wrong))) << wrong;
  }
}

TEST(OtelSampler, takes_a_ratio_from_0_to_1) {
  for (const auto& [text, ratio] :
       {std::pair{"0", 0.0}, {"1", 1.0}, {"0.25", 0.25}, {"1.0", 1.0}, {"0.", 0.0}}) {
    EXPECT_EQ(telemetry({{"OTEL_TRACES_SAMPLER_ARG", text}}).sampler_ratio, ratio);
  }
  for (const std::string wrong :
       {"-0.1", "1.01", "2", "+1", "1e-3", "0x1", "nan", "inf", ".5", "0.5.", " 1", "0,5"}) {
    EXPECT_EQ(
        errors_of(with({{"OTEL_TRACES_SAMPLER_ARG", wrong}})),
        "config: OTEL_TRACES_SAMPLER_ARG: must be a decimal fraction from 0 to 1 (got: " + wrong + ")\n");
  }
}

TEST(Url, has_a_scheme_a_host_a_port_and_a_path) {
  const std::pair<std::string_view, Url> kCases[] = {
      {"http://a", {UrlScheme::kHttp, "a", 0, 80, ""}},
      {"HTTPS://A.Example", {UrlScheme::kHttps, "a.example", 0, 443, ""}},
      {"http://10.0.0.1:1/", {UrlScheme::kHttp, "10.0.0.1", 0, 1, "/"}},
      {"http://a:65535/x/%41:y", {UrlScheme::kHttp, "a", 0, 65535, "/x/%41:y"}},
      {"vsock://2:1", {UrlScheme::kVsock, "", 2, 1, ""}},
      {"vsock://4294967294:4294967294/x", {UrlScheme::kVsock, "", 4294967294, 4294967294, "/x"}},
  };
  for (const auto& [text, url] : kCases) {
    const auto value = parse_url(text);
    ASSERT_TRUE(accepted(value)) << text;
    EXPECT_EQ(std::get<Url>(value), url) << text;
  }
}

TEST(Url, refuses_other_forms) {
  for (const std::string& wrong : {""s,
                                   "a:4317"s,
                                   "//a"s,
                                   "http:/a"s,
                                   "http://"s,
                                   "http:///x"s,
                                   "ftp://a"s,
                                   "grpc://a:1"s,
                                   "http://a:"s,
                                   "http://a:0"s,
                                   "http://a:65536"s,
                                   "http://a:080"s,
                                   "http://a:1:2"s,
                                   "http://[::1]:1"s,
                                   "http://a b"s,
                                   "http://a/x y"s,
                                   "http://a/?x"s,
                                   "http://a?x"s,
                                   "http://a#x"s,
                                   "http://a_b"s,
                                   "http://a."s,
                                   "http://1.2.3"s,
                                   "http://127.0.0.1\0x"s,
                                   " http://a"s,
                                   "http://a\n"s,
                                   "vsock://1:1"s,
                                   "vsock://4294967295:1"s,
                                   "vsock://3"s,
                                   "vsock://3:0"s,
                                   "vsock://3:4294967295"s,
                                   "vsock://any:1"s,
                                   "vsock://03:1"s}) {
    EXPECT_EQ(refusal(parse_url(wrong)), "") << wrong;
  }
  EXPECT_EQ(errors_of(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}})),
            "config: OTEL_EXPORTER_OTLP_ENDPOINT: must be http://HOST[:PORT][/path], https:// likewise, or "
            "vsock://CID:PORT[/path] (got: collector:4317)\n");
}

TEST(OtlpHeaders, are_pairs_with_percent_decoded_values) {
  EXPECT_EQ(std::get<KeyValues>(parse_otlp_headers("Api-Key=a%20b%3D=, x =\ty ,empty=")),
            (KeyValues{{"api-key", "a b=="}, {"x", "y"}, {"empty", ""}}));
  const std::pair<std::string, std::string> kCases[] = {
      {"", "pair 1 has no ="},
      {"a", "pair 1 has no ="},
      {"a=1,", "pair 2 has no ="},
      {"a=1,,b=2", "pair 2 has no ="},
      {"=1", "pair 1 has a key or a value that is not allowed"},
      {"a b=1", "pair 1 has a key or a value that is not allowed"},
      {"a:=1", "pair 1 has a key or a value that is not allowed"},
      {":path=1", "pair 1 has a key or a value that is not allowed"},
      {"a=%0d%0aX: y", "pair 1 has a key or a value that is not allowed"},
      {"a=\xc3\xa4", "pair 1 has a key or a value that is not allowed"},
      {"a=%7f", "pair 1 has a key or a value that is not allowed"},
      {"Content-Length=1", "pair 1 has a key or a value that is not allowed"},
      {"host=1", "pair 1 has a key or a value that is not allowed"},
      {"grpc-timeout=1", "pair 1 has a key or a value that is not allowed"},
      {"a=%", "pair 1 has a % without two hex digits"},
      {"a=%4", "pair 1 has a % without two hex digits"},
      {"a=%4g", "pair 1 has a % without two hex digits"},
      {"a=1,A=2", "pair 2 repeats a key"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(refusal(parse_otlp_headers(text)), expected) << text;
  std::string many = "h0=";
  for (int i = 1; i < 32; ++i) many += ",h" + std::to_string(i) + "=";
  EXPECT_EQ(refusal(parse_otlp_headers(many)), "accepted");
  EXPECT_EQ(refusal(parse_otlp_headers(many + ",h32=")), "has more than 32 pairs");
}

TEST(OtelResourceAttributes, are_pairs_of_utf8) {
  EXPECT_EQ(std::get<KeyValues>(parse_resource_attributes("deployment.environment=pr%C3%BCf, Team=A B")),
            (KeyValues{{"deployment.environment", "prüf"}, {"Team", "A B"}}));
  for (const std::string_view wrong : {"a=%ff", "a=%00", "=x", "\xc3\xa4=x", "a=\n"}) {
    EXPECT_EQ(refusal(parse_resource_attributes(wrong)), "pair 1 has a key or a value that is not allowed")
        << wrong;
  }
}

}  // namespace
}  // namespace nes::config

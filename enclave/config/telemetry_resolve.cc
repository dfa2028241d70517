#include <algorithm>

#include "base/check.h"
#include "enclave/config/draft.h"

namespace nes::config {
namespace {

constexpr std::uint32_t kOtlpHttpPort = 4318;
constexpr std::string_view kServiceNameKey = "service.name";
constexpr std::string_view kServiceName = "nitro-enc-svc";

OtlpEndpoint resolve_endpoint(const Url& url, std::uint32_t parent_cid) {
  OtlpEndpoint endpoint;
  endpoint.tls = url.scheme == UrlScheme::kHttps;
  endpoint.host = url.scheme == UrlScheme::kVsock ? "localhost" : url.host;
  endpoint.port = url.port;
  // Nothing but the enclave itself listens on its own loopback: the parent's collector is meant.
  const bool parent = endpoint.host == "localhost" || endpoint.host == "127.0.0.1";
  if (url.scheme == UrlScheme::kVsock) {
    endpoint.vsock = VsockAddress{url.cid, url.port};
  } else if (parent) {
    endpoint.vsock = VsockAddress{parent_cid, url.port};
  }
  return endpoint;
}

// OpenTelemetry's OTLP exporter specification, "Endpoint URLs for OTLP/HTTP": a signal's own URL is used as
// it is, the general one gets the signal's path appended.
std::string http_path(const Url& url, bool own, std::string_view signal_path) {
  if (own) return url.path.empty() ? "/" : url.path;
  std::string path = url.path;
  while (path.ends_with('/')) path.pop_back();
  return path.append(signal_path);
}

// `signal` comes with `enabled` set.
void resolve_signal(const Draft& draft, OtlpScope scope, std::string_view signal_path, OtlpSignal& signal) {
  const OtlpDraft& general = draft.at(OtlpScope::kGeneral);
  const OtlpDraft& own = draft.at(scope);
  NES_CHECK(general.endpoint && general.timeout_ms && general.compression);
  const Url& url = own.endpoint ? *own.endpoint : *general.endpoint;
  const OtlpProtocol by_port = url.port == kOtlpHttpPort ? OtlpProtocol::kHttpProtobuf : OtlpProtocol::kGrpc;
  signal.enabled = signal.enabled && !draft.sdk_disabled;
  signal.endpoint = resolve_endpoint(url, draft.config.vsock_proxy_cid);
  signal.protocol = own.protocol.value_or(general.protocol.value_or(by_port));
  signal.compression = own.compression.value_or(*general.compression);
  signal.timeout_ms = own.timeout_ms.value_or(*general.timeout_ms);
  signal.headers = own.headers ? *own.headers : general.headers.value_or(KeyValues{});
  if (signal.protocol != OtlpProtocol::kGrpc) {
    signal.endpoint.path = http_path(url, own.endpoint.has_value(), signal_path);
  }
}

}  // namespace

Telemetry resolve_telemetry(Draft& draft) {
  Telemetry telemetry = std::move(draft.config.telemetry);
  resolve_signal(draft, OtlpScope::kTraces, "/v1/traces", telemetry.traces);
  resolve_signal(draft, OtlpScope::kMetrics, "/v1/metrics", telemetry.metrics);
  resolve_signal(draft, OtlpScope::kLogs, "/v1/logs", telemetry.logs);

  // OpenTelemetry's SDK environment variables: OTEL_SERVICE_NAME goes before the attribute.
  KeyValues& attributes = telemetry.resource_attributes;
  const auto named = std::find_if(attributes.begin(), attributes.end(),
                                  [](const auto& attribute) { return attribute.first == kServiceNameKey; });
  telemetry.service_name = kServiceName;
  if (named != attributes.end()) {
    telemetry.service_name = named->second;
    attributes.erase(named);
  }
  if (draft.service_name) telemetry.service_name = *draft.service_name;
  return telemetry;
}

}  // namespace nes::config

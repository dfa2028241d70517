// The enclave's configuration: environment variables, baked into the image and so part of what is measured
// (CONTRACTS section 1). docs/configuration.md lists them; a test holds it to the table here.
//
// parse() reads nothing but its arguments. It either returns a Config in which every member is valid and
// resolved, or one error for each bad variable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "enclave/config/aws_values.h"
#include "enclave/config/client_patterns.h"
#include "enclave/config/otlp_values.h"
#include "enclave/config/tls_values.h"
#include "enclave/config/variable.h"

namespace nes::config {

enum class LogLevel : std::uint8_t { kError, kWarn, kInfo, kDebug, kTrace };
enum class VsockProxyMode : std::uint8_t { kConnect, kPorts };
enum class PiiMode : std::uint8_t { kRandomized, kDeterministic };
enum class TlsVersion : std::uint8_t { kTls12, kTls13 };

struct VsockAddress {
  std::uint32_t cid = 0;
  std::uint32_t port = 0;

  friend bool operator==(const VsockAddress&, const VsockAddress&) = default;
};

// Where one signal is sent.
struct OtlpEndpoint {
  bool tls = false;
  // Dialled as it is. Without one, host:port is reached as any other remote is: over VSOCK_PROXY_CID.
  std::optional<VsockAddress> vsock;
  std::string host;        // DNS name or IPv4 address; "localhost" for vsock
  std::uint32_t port = 0;  // of the URL
  std::string path;  // HTTP: the request's path, such as /v1/traces. gRPC: empty, the method is the path
};

struct OtlpSignal {
  bool enabled = true;  // false as well if OTEL_SDK_DISABLED
  OtlpEndpoint endpoint;
  OtlpProtocol protocol = OtlpProtocol::kGrpc;
  OtlpCompression compression = OtlpCompression::kNone;
  std::int64_t timeout_ms = 0;
  KeyValues headers;  // sensitive
};

// OTEL_BSP_* for spans, OTEL_BLRP_* for log records. max_export_batch_size <= max_queue_size.
struct BatchProcessor {
  std::int64_t schedule_delay_ms = 0;
  std::int64_t export_timeout_ms = 0;
  std::size_t max_queue_size = 0;
  std::size_t max_export_batch_size = 0;
};

struct Telemetry {
  OtlpSignal traces;
  OtlpSignal metrics;
  OtlpSignal logs;
  std::string service_name;
  KeyValues resource_attributes;  // without service.name
  Sampler sampler = Sampler::kParentBasedAlwaysOn;
  double sampler_ratio = 1;  // for the samplers that take one
  BatchProcessor spans;
  BatchProcessor log_records;
  std::int64_t metric_export_interval_ms = 0;
  std::int64_t metric_export_timeout_ms = 0;
};

struct Config {
  // AWS
  SecretArn secret_arn;
  std::string kms_key_id;
  std::string aws_region;
  std::optional<EncryptionContext> dek_encryption_context;  // nothing: CONTRACTS section 1 says what then
  std::int64_t dek_rotation_interval_secs = 0;

  // Schemas
  std::string s3_bucket;
  std::string s3_prefix;
  std::string schema_header_name;
  std::int64_t schema_refresh_interval_secs = 0;
  std::optional<Ed25519PublicKey> schema_public_key;
  std::uint64_t schema_min_version = 0;

  // The way out, and the vsock ports
  std::uint32_t vsock_proxy_cid = 0;
  std::uint32_t vsock_proxy_port = 0;
  VsockProxyMode vsock_proxy_mode = VsockProxyMode::kConnect;
  std::uint32_t log_vsock_port = 0;
  std::uint32_t health_vsock_port = 0;

  // TLS
  std::uint32_t tls_port = 0;
  TlsVersion tls_min_version = TlsVersion::kTls13;
  std::vector<ServerName> tls_server_names;
  std::optional<SecretArn> tls_secret_arn;
  std::optional<std::string> tls_client_ca_pem;

  // Who may do what
  ClientPatterns encrypt_clients;
  ClientPatterns decrypt_clients;
  PiiMode pii_default_mode = PiiMode::kRandomized;
  std::uint64_t deterministic_seals_per_sec = 0;  // 0: no limit
  bool accept_v1_tokens = false;

  // Sizes
  std::uint64_t max_body_bytes = 0;
  std::uint64_t max_inflight_bytes = 0;  // >= 2 * max_body_bytes: a body and its answer
  std::size_t max_connections = 0;
  std::size_t worker_threads = 0;

  LogLevel log_level = LogLevel::kInfo;
  Telemetry telemetry;
};

// What some defaults depend on.
struct Machine {
  std::uint64_t memory_bytes = 0;
  std::size_t vcpus = 0;
};

using ConfigErrors = std::vector<ConfigError>;

// Every variable, in the order in which errors are reported. Static storage.
std::span<const VariableInfo> variables();

// Errors are in the order of variables(), at most one a variable; never an empty list.
std::variant<Config, ConfigErrors> parse(const Environment& environment, const Machine& machine);

}  // namespace nes::config

#include "enclave/config/draft.h"
#include "enclave/config/values.h"

namespace nes::config {
namespace {

constexpr std::uint64_t kMaxExactInteger = (std::uint64_t{1} << 53) - 1;  // what JSON readers agree on

constexpr Variable<Draft> kTable[] = {
    {{.name = "SECRET_ARN",
      .required = true,
      .accepts = "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME",
      .meaning = "the secret that holds the data encryption key, encrypted by KMS"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_secret_arn(text), draft.config.secret_arn);
     }},
    {{.name = "KMS_KEY_ID",
      .required = true,
      .accepts = "a KMS key ARN or key id",
      .meaning = "the key that decrypts it; never an alias"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_kms_key_id(text), draft.config.kms_key_id);
     }},
    {{.name = "S3_BUCKET",
      .required = true,
      .accepts = "the name of an S3 bucket",
      .meaning = "where the schemas are"},
     [](std::string_view text, Draft& draft) { return assign(parse_bucket(text), draft.config.s3_bucket); }},
    {{.name = "VSOCK_PROXY_CID",
      .required = true,
      .accepts = "an integer from 2 to 4294967294",
      .meaning = "the parent as the enclave sees it: 3 on Nitro"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer(text, kMinCid, kMaxCid), draft.config.vsock_proxy_cid);
     }},
    {{.name = "S3_PREFIX",
      .default_value = "schemas/",
      .accepts = "at most 512 bytes of UTF-8 without control characters that do not begin with /",
      .meaning = "what the keys of the schemas begin with"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_s3_prefix(text), draft.config.s3_prefix);
     }},
    {{.name = "SCHEMA_HEADER_NAME",
      .default_value = "X-Schema-Name",
      .accepts = "an HTTP field name of at most 64 characters",
      .meaning = "the header that names a request's schema"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_schema_header_name(text), draft.config.schema_header_name);
     }},
    {{.name = "DEK_ROTATION_INTERVAL_SECS",
      .default_value = "3600",
      .accepts = "an integer from 1 to 86400",
      .meaning = "seconds between looks for new versions of SECRET_ARN"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::int64_t>(text, 1, 86'400), draft.config.dek_rotation_interval_secs);
     }},
    {{.name = "SCHEMA_REFRESH_INTERVAL_SECS",
      .default_value = "300",
      .accepts = "an integer from 1 to 86400",
      .meaning = "seconds between looks for new schemas"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::int64_t>(text, 1, 86'400), draft.config.schema_refresh_interval_secs);
     }},
    {{.name = "VSOCK_PROXY_PORT",
      .default_value = "8000",
      .accepts = "an integer from 1 to 4294967294",
      .meaning =
          "the egress proxy's port on the parent; with VSOCK_PROXY_MODE=ports the next four are taken too"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint32_t>(text, 1, kMaxVsockPort), draft.config.vsock_proxy_port);
     }},
    {{.name = "TLS_PORT",
      .default_value = "443",
      .accepts = "an integer from 1 to 65535",
      .meaning = "the vsock port on which clients are served"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint32_t>(text, 1, 65'535), draft.config.tls_port);
     }},
    {{.name = "LOG_LEVEL",
      .default_value = "info",
      .accepts = "error, warn, info, debug or trace",
      .meaning = "the least severe events that are logged; audit events always are"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_choice<LogLevel>(text, {{"error", LogLevel::kError},
                                                   {"warn", LogLevel::kWarn},
                                                   {"info", LogLevel::kInfo},
                                                   {"debug", LogLevel::kDebug},
                                                   {"trace", LogLevel::kTrace}}),
                     draft.config.log_level);
     }},
    {{.name = "AWS_REGION",
      .default_note = "the region in SECRET_ARN",
      .accepts = "the name of an AWS region",
      .meaning = "the region of KMS, Secrets Manager and S3"},
     [](std::string_view text, Draft& draft) { return assign(parse_region(text), draft.aws_region); }},
    {{.name = "VSOCK_PROXY_MODE",
      .default_value = "connect",
      .accepts = "connect or ports",
      .meaning =
          "connect: one port that speaks HTTP CONNECT; ports: AWS's vsock-proxy, KMS at +1, Secrets Manager "
          "+2, S3 +3, IMDS +4"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_choice<VsockProxyMode>(
                         text, {{"connect", VsockProxyMode::kConnect}, {"ports", VsockProxyMode::kPorts}}),
                     draft.config.vsock_proxy_mode);
     }},
    {{.name = "DEK_ENCRYPTION_CONTEXT",
      .default_note = "nitro-enc-svc:secret-arn = SECRET_ARN, then none",
      .sensitive = true,
      .accepts = "a JSON object of strings",
      .meaning = "the encryption context of the KMS ciphertext, exactly"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_encryption_context(text), draft.config.dek_encryption_context);
     }},
    {{.name = "PII_DEFAULT_MODE",
      .default_value = "randomized",
      .accepts = "randomized or deterministic",
      .meaning = "what x-pii: true means"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_choice<PiiMode>(text, {{"randomized", PiiMode::kRandomized},
                                                  {"deterministic", PiiMode::kDeterministic}}),
                     draft.config.pii_default_mode);
     }},
    {{.name = "ENCRYPT_CLIENTS",
      .default_value = "anonymous",
      .accepts = "nobody, anonymous, or a comma list of DNS: and URI: patterns",
      .meaning = "who may encrypt; a list needs TLS_CLIENT_CA_B64"},
     [](std::string_view text, Draft& draft) {
       return assign(ClientPatterns::parse(text), draft.config.encrypt_clients);
     }},
    {{.name = "DECRYPT_CLIENTS",
      .default_value = "nobody",
      .accepts = "nobody, anonymous, or a comma list of DNS: and URI: patterns",
      .meaning = "who may decrypt and rewrap; a list needs TLS_CLIENT_CA_B64"},
     [](std::string_view text, Draft& draft) {
       return assign(ClientPatterns::parse(text), draft.config.decrypt_clients);
     }},
    {{.name = "DETERMINISTIC_SEALS_PER_SEC",
      .default_value = "0",
      .accepts = "an integer from 0 to 1000000000",
      .meaning = "deterministic fields sealed per second for each matched name, anonymous clients together; "
                 "0: no limit"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint64_t>(text, 0, 1'000'000'000),
                     draft.config.deterministic_seals_per_sec);
     }},
    {{.name = "TLS_CLIENT_CA_B64",
      .default_note = "none",
      .sensitive = true,
      .accepts = "base64 of PEM certificates",
      .meaning = "the authorities that client certificates are verified against"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_certificate_bundle(text), draft.config.tls_client_ca_pem);
     }},
    {{.name = "TLS_SERVER_NAMES",
      .default_value = "localhost,nitro-enc-svc",
      .accepts = "a comma list of at most 64 DNS names and IP addresses",
      .meaning = "the names in the certificate made at boot"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_server_names(text), draft.config.tls_server_names);
     }},
    {{.name = "TLS_SECRET_ARN",
      .default_note = "none",
      .accepts = "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME",
      .meaning = "a secret with a CA-issued certificate, used instead of the one made at boot"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_secret_arn(text), draft.config.tls_secret_arn);
     }},
    {{.name = "TLS_MIN_VERSION",
      .default_value = "1.3",
      .accepts = "1.2 or 1.3",
      .meaning = "the oldest TLS version that clients may speak"},
     [](std::string_view text, Draft& draft) {
       return assign(
           parse_choice<TlsVersion>(text, {{"1.2", TlsVersion::kTls12}, {"1.3", TlsVersion::kTls13}}),
           draft.config.tls_min_version);
     }},
    {{.name = "SCHEMA_PUBLIC_KEY",
      .default_note = "none",
      .sensitive = true,
      .accepts = "base64 of an Ed25519 SubjectPublicKeyInfo, 44 bytes",
      .meaning = "the key that schemas must be signed with"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_ed25519_public_key(text), draft.config.schema_public_key);
     }},
    {{.name = "SCHEMA_MIN_VERSION",
      .default_value = "0",
      .accepts = "an integer from 0 to 9007199254740991",
      .meaning =
          "the lowest version of a signed schema that is taken, across boots; needs SCHEMA_PUBLIC_KEY"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint64_t>(text, 0, kMaxExactInteger),
                     draft.config.schema_min_version);
     }},
    {{.name = "ACCEPT_V1_TOKENS",
      .default_value = "false",
      .accepts = "true or false",
      .meaning = "whether tokens of the older format open"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_boolean(text), draft.config.accept_v1_tokens);
     }},
    {{.name = "MAX_BODY_BYTES",
      .default_value = "8388608",
      .accepts = "an integer from 1024 to 1073741824",
      .meaning = "the largest document; for NDJSON the longest line"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint64_t>(text, 1'024, limits::kJsonDocumentBytes),
                     draft.config.max_body_bytes);
     }},
    {{.name = "MAX_INFLIGHT_BYTES",
      .default_note = "a quarter of memory",
      .accepts = "an integer from 2048 to 1099511627776",
      .meaning = "requests and answers held at once; at least twice MAX_BODY_BYTES"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint64_t>(text, 2'048, std::uint64_t{1} << 40),
                     draft.max_inflight_bytes);
     }},
    {{.name = "MAX_CONNECTIONS",
      .default_value = "10000",
      .accepts = "an integer from 1 to 1000000",
      .meaning = "client connections open at once; one more in 16 is let in to be answered 503"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::size_t>(text, 1, 1'000'000), draft.config.max_connections);
     }},
    {{.name = "WORKER_THREADS",
      .default_note = "the number of vCPUs",
      .accepts = "an integer from 1 to 256",
      .meaning = "threads that serve requests"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::size_t>(text, 1, 256), draft.worker_threads);
     }},
    {{.name = "LOG_VSOCK_PORT",
      .default_value = "8014",
      .accepts = "an integer from 1 to 4294967294",
      .meaning = "the parent's port that takes the log stream"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint32_t>(text, 1, kMaxVsockPort), draft.config.log_vsock_port);
     }},
    {{.name = "HEALTH_VSOCK_PORT",
      .default_value = "8015",
      .accepts = "an integer from 1 to 4294967294",
      .meaning = "the enclave's port for the node: /livez, /readyz, /drain"},
     [](std::string_view text, Draft& draft) {
       return assign(parse_integer<std::uint32_t>(text, 1, kMaxVsockPort), draft.config.health_vsock_port);
     }},
};

}  // namespace

std::span<const Variable<Draft>> service_table() { return kTable; }

}  // namespace nes::config

#include "enclave/config/config.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "enclave/config/config_testing.h"

namespace nes::config {
namespace {

Config parsed(const Variables& more) {
  const Variables all = with(more);
  auto result = parse(environment_of(all), kMachine);
  if (const auto* errors = std::get_if<ConfigErrors>(&result)) ADD_FAILURE() << render(*errors);
  return std::holds_alternative<Config>(result) ? std::get<Config>(std::move(result)) : Config{};
}

std::string base64(std::string_view text) { return base::base64_encode(as_bytes(text)); }

// Only the form is judged here: the least DER is an empty SEQUENCE.
const std::string kPem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

TEST(Config, has_the_defaults_of_the_seed_page) {
  const Config config = parsed({});
  EXPECT_EQ(config.secret_arn.text, kSecretArn);
  EXPECT_EQ(config.kms_key_id, kKeyId);
  EXPECT_EQ(config.s3_bucket, "my-schema-bucket");
  EXPECT_EQ(config.vsock_proxy_cid, 3U);
  EXPECT_EQ(config.s3_prefix, "schemas/");
  EXPECT_EQ(config.schema_header_name, "X-Schema-Name");
  EXPECT_EQ(config.dek_rotation_interval_secs, 3600);
  EXPECT_EQ(config.schema_refresh_interval_secs, 300);
  EXPECT_EQ(config.vsock_proxy_port, 8000U);
  EXPECT_EQ(config.tls_port, 443U);
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
}

TEST(Config, has_the_defaults_of_contracts) {
  const Config config = parsed({});
  EXPECT_EQ(config.aws_region, "us-east-1");
  EXPECT_EQ(config.vsock_proxy_mode, VsockProxyMode::kConnect);
  EXPECT_FALSE(config.dek_encryption_context.has_value());
  EXPECT_EQ(config.pii_default_mode, PiiMode::kRandomized);
  EXPECT_EQ(config.encrypt_clients.kind(), ClientPatterns::Kind::kAnonymous);
  EXPECT_EQ(config.decrypt_clients.kind(), ClientPatterns::Kind::kNobody);
  EXPECT_EQ(config.deterministic_seals_per_sec, 0U);
  EXPECT_FALSE(config.tls_client_ca_pem.has_value());
  EXPECT_EQ(config.tls_server_names, (std::vector<ServerName>{{"localhost", {}}, {"nitro-enc-svc", {}}}));
  EXPECT_FALSE(config.tls_secret_arn.has_value());
  EXPECT_EQ(config.tls_min_version, TlsVersion::kTls13);
  EXPECT_FALSE(config.schema_public_key.has_value());
  EXPECT_EQ(config.schema_min_version, 0U);
  EXPECT_FALSE(config.accept_v1_tokens);
  EXPECT_EQ(config.max_body_bytes, 8388608U);
  EXPECT_EQ(config.max_inflight_bytes, std::uint64_t{128} << 20);
  EXPECT_EQ(config.max_connections, 10000U);
  EXPECT_EQ(config.worker_threads, 2U);
  EXPECT_EQ(config.log_vsock_port, 8014U);
  EXPECT_EQ(config.health_vsock_port, 8015U);
}

TEST(Config, takes_what_is_given) {
  const Config config = parsed({{"AWS_REGION", "eu-central-1"},
                                {"S3_PREFIX", "größe/"},
                                {"SCHEMA_HEADER_NAME", "X-Payload-Schema"},
                                {"LOG_LEVEL", "trace"},
                                {"VSOCK_PROXY_MODE", "ports"},
                                {"DEK_ENCRYPTION_CONTEXT", R"({"b":"2","\u0061":""})"},
                                {"PII_DEFAULT_MODE", "deterministic"},
                                {"ENCRYPT_CLIENTS", "nobody"},
                                {"DECRYPT_CLIENTS", "DNS:a.example@cards"},
                                {"TLS_CLIENT_CA_B64", base64(kPem)},
                                {"TLS_SECRET_ARN", std::string(kSecretArn)},
                                {"TLS_MIN_VERSION", "1.2"},
                                {"ACCEPT_V1_TOKENS", "true"},
                                {"WORKER_THREADS", "7"},
                                {"MAX_INFLIGHT_BYTES", "16777216"}});
  EXPECT_EQ(config.aws_region, "eu-central-1");
  EXPECT_EQ(config.s3_prefix, "größe/");
  EXPECT_EQ(config.schema_header_name, "X-Payload-Schema");
  EXPECT_EQ(config.log_level, LogLevel::kTrace);
  EXPECT_EQ(config.vsock_proxy_mode, VsockProxyMode::kPorts);
  EXPECT_EQ(config.dek_encryption_context, (EncryptionContext{{"a", ""}, {"b", "2"}}));
  EXPECT_EQ(config.pii_default_mode, PiiMode::kDeterministic);
  EXPECT_EQ(config.encrypt_clients.kind(), ClientPatterns::Kind::kNobody);
  EXPECT_EQ(config.decrypt_clients.kind(), ClientPatterns::Kind::kList);
  EXPECT_EQ(config.tls_client_ca_pem, kPem);
  EXPECT_EQ(config.tls_secret_arn.value().text, kSecretArn);
  EXPECT_EQ(config.tls_min_version, TlsVersion::kTls12);
  EXPECT_TRUE(config.accept_v1_tokens);
  EXPECT_EQ(config.worker_threads, 7U);
  EXPECT_EQ(config.max_inflight_bytes, 16777216U);
}

TEST(Config, an_empty_encryption_context_is_not_an_unset_one) {
  EXPECT_EQ(parsed({{"DEK_ENCRYPTION_CONTEXT", "{}"}}).dek_encryption_context, EncryptionContext{});
}

TEST(Config, counts_an_empty_value_as_unset) {
  Variables empty;
  for (const VariableInfo& info : variables()) {
    if (!info.required) empty.emplace(info.name, "");
  }
  EXPECT_EQ(errors_of(with(empty)), "");
  const Config config = parsed(empty);
  EXPECT_EQ(config.s3_prefix, "schemas/");
  EXPECT_EQ(config.aws_region, "us-east-1");
  EXPECT_EQ(errors_of(with({{"S3_BUCKET", ""}})), "config: S3_BUCKET: is required (got: nothing)\n");
}

TEST(Config, names_every_required_variable_that_is_missing) {
  EXPECT_EQ(errors_of({}),
            "config: SECRET_ARN: is required (got: nothing)\n"
            "config: KMS_KEY_ID: is required (got: nothing)\n"
            "config: S3_BUCKET: is required (got: nothing)\n"
            "config: VSOCK_PROXY_CID: is required (got: nothing)\n"
            "config: OTEL_EXPORTER_OTLP_ENDPOINT: is required (got: nothing)\n");
}

TEST(Config, reports_all_bad_variables_in_the_order_of_the_table) {
  EXPECT_EQ(errors_of(with({{"TLS_PORT", "0"},
                            {"ENCRYPT_CLIENTS", "DNS:a.example"},
                            {"KMS_KEY_ID", "alias/dek"},
                            {"LOG_VSOCK_PORT", "8000"},
                            {"OTEL_TRACES_SAMPLER", "xray"}})),
            "config: KMS_KEY_ID: is an alias; give the key's ARN or id (got: alias/dek)\n"
            "config: TLS_PORT: must be an integer from 1 to 65535 (got: 0)\n"
            "config: ENCRYPT_CLIENTS: names clients, which needs TLS_CLIENT_CA_B64 (got: DNS:a.example)\n"
            "config: LOG_VSOCK_PORT: must not be a port of the egress proxy, which is on the parent too "
            "(got: 8000)\n"
            "config: OTEL_TRACES_SAMPLER: must be always_on, always_off, traceidratio or one of these after "
            "parentbased_ (got: xray)\n");
}

// Every "an integer from A to B" of the table, with the variables set without which B or A would break a
// rule.
TEST(Config, integers_have_the_ranges_that_the_table_states) {
  constexpr std::string_view kForm = "an integer from ";
  int checked = 0;
  for (const VariableInfo& info : variables()) {
    if (!info.accepts.starts_with(kForm)) continue;
    std::istringstream form{std::string(info.accepts.substr(kForm.size()))};
    std::uint64_t min = 0, max = 0;
    std::string to;
    ASSERT_TRUE(form >> min >> to >> max) << info.name;
    const std::string name(info.name);
    const auto errors = [&name](const std::string& value) {
      Variables given = {
          {"MAX_INFLIGHT_BYTES", "1099511627776"},
          {"MAX_BODY_BYTES", "1024"},
          {"SCHEMA_PUBLIC_KEY", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="},
          {"OTEL_BSP_MAX_QUEUE_SIZE", "1000000"},
          {"OTEL_BLRP_MAX_QUEUE_SIZE", "1000000"}};
      given.insert_or_assign("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
      given.insert_or_assign("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1");
      given.insert_or_assign(name, value);
      return errors_of(with(given));
    };
    const auto refusal = [&](const std::string& value) {
      return "config: " + name + ": must be " + std::string(info.accepts) + " (got: " + value + ")\n";
    };
    EXPECT_EQ(errors(std::to_string(min)), "") << name;
    EXPECT_EQ(errors(std::to_string(max)), "") << name;
    EXPECT_EQ(errors(std::to_string(max + 1)), refusal(std::to_string(max + 1)));
    if (min > 0) {
      EXPECT_EQ(errors(std::to_string(min - 1)), refusal(std::to_string(min - 1)));
    }
    for (const std::string wrong :
         {"-1", "+5", "05", " 5", "5 ", "5s", "0x5", "5.0", "99999999999999999999999"}) {
      EXPECT_EQ(errors(wrong), refusal(wrong));
    }
    ++checked;
  }
  EXPECT_EQ(checked, 27);
}

TEST(Config, choices_are_taken_in_exactly_their_spelling) {
  const std::pair<std::string, std::string> kWrong[] = {
      {"LOG_LEVEL", "error, warn, info, debug or trace"},
      {"VSOCK_PROXY_MODE", "connect or ports"},
      {"PII_DEFAULT_MODE", "randomized or deterministic"},
      {"TLS_MIN_VERSION", "1.2 or 1.3"},
      {"ACCEPT_V1_TOKENS", "true or false"},
  };
  for (const auto& [name, accepts] : kWrong) {
    for (const std::string wrong : {"Info", "INFO", "True", "1", "1.1", "Connect", "randomised", "none"}) {
      EXPECT_EQ(errors_of(with({{name, wrong}})),
                "config: " + name + ": must be " + accepts + " (got: " + wrong + ")\n");
    }
  }
}

TEST(Config, shows_at_most_80_characters_and_no_control_characters) {
  EXPECT_EQ(
      errors_of(with({{"LOG_LEVEL", "a\nb\x1b[2J\\\xc3\xa4"}})),
      "config: LOG_LEVEL: must be error, warn, info, debug or trace (got: a\\nb\\x1b[2J\\\\\\xc3\\xa4)\n");
  EXPECT_EQ(show_value(std::string(80, 'x'), false), std::string(80, 'x'));
  EXPECT_EQ(show_value(std::string(81, 'x'), false), std::string(80, 'x') + "...");
  EXPECT_EQ(show_value(std::string(79, 'x') + "\n", false), std::string(79, 'x') + "...");
}

TEST(Config, never_echoes_a_sensitive_value) {
  int checked = 0;
  for (const VariableInfo& info : variables()) {
    if (!info.sensitive) continue;
    const std::string errors = errors_of(with({{std::string(info.name), "{\"hunter2%"}}));
    EXPECT_EQ(errors.find("hunter2"), std::string::npos) << errors;
    EXPECT_TRUE(errors.ends_with("(got: not shown)\n")) << errors;
    EXPECT_TRUE(errors.starts_with("config: " + std::string(info.name) + ": ")) << errors;
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(Config, never_echoes_a_key_in_the_wrong_place) {
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";
  for (const VariableInfo& info : variables()) {
    for (const std::string& value : {key, base64(key)}) {
      const std::string errors = errors_of(with({{std::string(info.name), value}}));
      EXPECT_EQ(errors.find("MC4C"), std::string::npos) << errors;
      EXPECT_EQ(errors.find(base64("\nMC4C").substr(4)), std::string::npos) << errors;
    }
  }
  EXPECT_EQ(
      errors_of(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter2@collector:4317"}})),
      "config: OTEL_EXPORTER_OTLP_ENDPOINT: must not hold an @, as user information does (got: not shown)\n");
}

TEST(Config, refuses_a_value_longer_than_a_variable_can_be) {
  EXPECT_NE(errors_of(with({{"TLS_SERVER_NAMES", std::string(limits::kConfigValueBytes, 'x')}})), "");
  EXPECT_EQ(errors_of(with({{"TLS_SERVER_NAMES", std::string(limits::kConfigValueBytes + 1, 'x')}})),
            "config: TLS_SERVER_NAMES: is too long (got: " + std::string(80, 'x') + "...)\n");
}

TEST(ConfigRules, client_lists_need_an_authority) {
  for (const std::string name : {"ENCRYPT_CLIENTS", "DECRYPT_CLIENTS"}) {
    EXPECT_EQ(errors_of(with({{name, "URI:spiffe://a/b"}})),
              "config: " + name + ": names clients, which needs TLS_CLIENT_CA_B64 (got: URI:spiffe://a/b)\n");
    EXPECT_EQ(errors_of(with({{name, "URI:spiffe://a/b"}, {"TLS_CLIENT_CA_B64", base64(kPem)}})), "");
    EXPECT_EQ(errors_of(with({{name, "URI:spiffe://a/b"}, {"TLS_CLIENT_CA_B64", "!"}})),
              "config: TLS_CLIENT_CA_B64: is not base64 (got: not shown)\n");
    EXPECT_EQ(errors_of(with({{name, "anonymous"}})), "");
  }
}

TEST(ConfigRules, the_proxys_ports_must_exist_and_be_its_own) {
  EXPECT_EQ(errors_of(with({{"VSOCK_PROXY_PORT", "4294967294"}})), "");
  EXPECT_EQ(errors_of(with({{"VSOCK_PROXY_PORT", "4294967290"}, {"VSOCK_PROXY_MODE", "ports"}})), "");
  EXPECT_EQ(errors_of(with({{"VSOCK_PROXY_PORT", "4294967291"}, {"VSOCK_PROXY_MODE", "ports"}})),
            "config: VSOCK_PROXY_PORT: must leave room for four more ports with VSOCK_PROXY_MODE=ports (got: "
            "4294967291)\n");
  const std::string clash =
      "config: LOG_VSOCK_PORT: must not be a port of the egress proxy, which is on the parent too";
  EXPECT_EQ(errors_of(with({{"VSOCK_PROXY_PORT", "8014"}})), clash + " (got: 8014)\n");
  EXPECT_EQ(errors_of(with({{"LOG_VSOCK_PORT", "8004"}})), "");
  EXPECT_EQ(errors_of(with({{"LOG_VSOCK_PORT", "8004"}, {"VSOCK_PROXY_MODE", "ports"}})),
            clash + " (got: 8004)\n");
  EXPECT_EQ(errors_of(with({{"LOG_VSOCK_PORT", "8005"}, {"VSOCK_PROXY_MODE", "ports"}})), "");
  EXPECT_EQ(errors_of(with({{"LOG_VSOCK_PORT", "7999"}, {"VSOCK_PROXY_MODE", "ports"}})), "");
}

TEST(ConfigRules, clients_and_the_node_have_different_ports) {
  EXPECT_EQ(errors_of(with({{"TLS_PORT", "8015"}})),
            "config: HEALTH_VSOCK_PORT: must not be TLS_PORT (got: 8015)\n");
  EXPECT_EQ(errors_of(with({{"TLS_PORT", "8015"}, {"HEALTH_VSOCK_PORT", "443"}})), "");
}

TEST(ConfigRules, a_version_floor_needs_signatures) {
  EXPECT_EQ(
      errors_of(with({{"SCHEMA_MIN_VERSION", "1"}})),
      "config: SCHEMA_MIN_VERSION: needs SCHEMA_PUBLIC_KEY: unsigned schemas have no version (got: 1)\n");
  EXPECT_EQ(errors_of(with({{"SCHEMA_MIN_VERSION", "0"}})), "");
}

TEST(ConfigRules, a_body_and_its_answer_must_fit) {
  const std::string what = "config: MAX_INFLIGHT_BYTES: must be at least twice MAX_BODY_BYTES (got: ";
  EXPECT_EQ(errors_of(with({{"MAX_INFLIGHT_BYTES", "16777216"}})), "");
  EXPECT_EQ(errors_of(with({{"MAX_INFLIGHT_BYTES", "16777215"}})), what + "16777215)\n");
  EXPECT_EQ(errors_of(with({{"MAX_BODY_BYTES", "67108864"}})), "");
  EXPECT_EQ(errors_of(with({{"MAX_BODY_BYTES", "67108865"}})), what + "a quarter of memory, 134217728)\n");
}

TEST(ConfigRules, a_batch_fits_the_queue) {
  EXPECT_EQ(errors_of(with({{"OTEL_BSP_MAX_QUEUE_SIZE", "512"}})), "");
  EXPECT_EQ(errors_of(with({{"OTEL_BSP_MAX_QUEUE_SIZE", "511"}})),
            "config: OTEL_BSP_MAX_EXPORT_BATCH_SIZE: must be at most OTEL_BSP_MAX_QUEUE_SIZE (got: 512)\n");
  EXPECT_EQ(
      errors_of(with({{"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "2049"}})),
      "config: OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: must be at most OTEL_BLRP_MAX_QUEUE_SIZE (got: 2049)\n");
}

TEST(ConfigRules, worker_threads_follow_the_machine_within_their_range) {
  const Variables all = with({});
  for (const auto& [vcpus, threads] : {std::pair{0, 1}, {1, 1}, {256, 256}, {257, 256}}) {
    const auto result = parse(environment_of(all), {std::uint64_t{1} << 30, static_cast<std::size_t>(vcpus)});
    EXPECT_EQ(std::get<Config>(result).worker_threads, static_cast<std::size_t>(threads));
  }
}

TEST(ConfigTable, has_no_name_twice_and_nothing_of_development) {
  std::set<std::string_view> names;
  for (const VariableInfo& info : variables()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.name.starts_with("DEV_")) << info.name;
    EXPECT_FALSE(info.accepts.empty() || info.meaning.empty()) << info.name;
    const int kinds = int{info.required} + int{!info.default_value.empty()} + int{!info.default_note.empty()};
    EXPECT_EQ(kinds, 1) << info.name << ": required, a default or a note on it, and only one of them";
  }
  EXPECT_EQ(names.size(), 69U);
}

}  // namespace
}  // namespace nes::config
